package edgetest

import (
	"fmt"
	"strings"
)

// flowAttacks disagree on whose request an answer is for.
func flowAttacks() []attack {
	const early = "HTTP/1.1 200 OK\r\nX-Origin: recorder\r\nContent-Length: 5\r\n\r\nearly"
	return []attack{
		{name: "flow of requests one behind another", ref: "CVE-2023-46137 (Twisted)", want: forwarded,
			send: request("GET /attack") + request("POST /two", "Content-Length: 3") + "abc" + request("GET /three"),
			seen: []string{"GET /attack", "POST /two", "GET /three"}},
		{name: "flow where a body looks like a request", ref: refBrowser, want: forwarded, body: smuggled,
			send: post(smuggled, fmt.Sprintf("Content-Length: %d", len(smuggled))) + request("GET /two"),
			seen: []string{"POST /attack", "GET /two"}},
		{name: "flow where the second request is refused", ref: refReborn, want: either,
			send: request("GET /attack") + "GET /smuggled HTTP/1.1\r\nHost : shop.example\r\n\r\n"},
		{name: "flow after Connection: close", ref: "RFC 9112 §9.6", want: forwarded,
			send: request("GET /attack", "Connection: close") + smuggled},
		{name: "flow after HTTP/1.0", ref: "RFC 9112 §9.3; Grenfeldt and others (2021)", want: forwarded,
			send: "GET /attack HTTP/1.0\r\nHost: shop.example\r\n\r\n" + smuggled},
		{name: "flow of an answer before the body", ref: refBrowser + ": pause-based desync; CVE-2022-22720 (Apache)", want: forwarded, early: true,
			send: post("abc", "Content-Length: 100"), answers: early},
		{name: "flow of an answer before the chunks end", ref: refBrowser + ": pause-based desync; CVE-2022-22720 (Apache)", want: forwarded, early: true,
			send: post(chunk("abc"), "Transfer-Encoding: chunked"), answers: early},
		{name: "flow of an answer before a body that is a request", ref: "CVE-2022-22720 (Apache); " + refBrowser, want: forwarded, early: true,
			send: post(smuggled+smuggled, fmt.Sprintf("Content-Length: %d", 2*len(smuggled)+1)), answers: early},
		{name: "flow of TRACE", ref: "RFC 9110 §9.3.8, §7.6.2; Grossman, Cross-Site Tracing (2003)", want: either,
			send: request("TRACE /attack", "Max-Forwards: 0")},
		{name: "flow of TRACE with a body", ref: "RFC 9110 §9.3.8; Jabiyev and others, T-Reqs (2021)", want: either,
			send: request("TRACE /attack", "Content-Length: 3") + "abc"},
		{name: "flow of OPTIONS with Max-Forwards", ref: "RFC 9110 §7.6.2", want: either, send: request("OPTIONS /attack", "Max-Forwards: 0")},
		{name: "flow of a Max-Forwards that is no number", ref: "RFC 9110 §7.6.2", want: either, send: request("OPTIONS /attack", "Max-Forwards: -1x")},
	}
}

// tunnelAttacks try to have bytes passed on that no table has decided.
func tunnelAttacks() []attack {
	const egorov = "Egorov, WebSocket smuggling (2019); CVE-2026-2833 (Pingora)"
	const h2c = "Miller, h2c Smuggling (2020)"
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: nf6dB8Pb/BLinZ7UexUXHg=="}
	got := func(name, ref, status string) attack {
		// What follows is a request of its own, and has to be decided as one.
		return attack{name: "tunnel " + name, ref: ref, want: either, send: request("GET /attack", upgrade...) + smuggled,
			answers: "HTTP/1.1 " + status + "\r\nX-Origin: recorder\r\nContent-Length: 0\r\n\r\n", seen: []string{"GET /attack", "GET /smuggled"}}
	}
	all := []attack{
		got("that is not granted: 200", egorov, "200 OK"),
		got("that is not granted: 426", egorov, "426 Upgrade Required"),
		got("that is not granted: 400", egorov, "400 Bad Request"),
		got("that is not granted: 503", egorov, "503 Busy"),
		{name: "tunnel of a request with a length", ref: "CVE-2026-58055 (nghttpx)", want: either, body: smuggled,
			send: request("GET /attack", append(upgrade, fmt.Sprintf("Content-Length: %d", len(smuggled)))...) + smuggled},
		{name: "tunnel of a request in chunks", ref: "CVE-2026-58055 (nghttpx)", want: either, body: smuggled,
			send: request("POST /attack", append(upgrade, "Transfer-Encoding: chunked")...) + chunk(smuggled) + "0\r\n\r\n"},
		{name: "tunnel of a request with a length and an encoding", ref: "CVE-2026-58055 (nghttpx)", want: refused,
			send: request("POST /attack", append(upgrade, "Transfer-Encoding: chunked", "Content-Length: 5")...) + "0\r\n\r\n"},
		{name: "tunnel that was not asked for", ref: egorov, want: badGateway, send: request("GET /attack"),
			answers: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", leaks: "evil"},
		{name: "tunnel of another protocol than was asked for", ref: "RFC 9110 §7.8", want: badGateway, send: request("GET /attack", upgrade...),
			answers: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: evil\r\n\r\n"},
		{name: "tunnel without a protocol", ref: "RFC 9110 §7.8", want: badGateway, send: request("GET /attack", upgrade...),
			answers: "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
	}
	for _, c := range []struct {
		name   string
		fields []string
	}{
		{"h2c", []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}},
		{"h2c without its Connection", []string{"Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}},
		{"h2c without its settings", []string{"Connection: Upgrade", "Upgrade: h2c"}},
		{"h2c in capitals", []string{"Connection: UPGRADE", "Upgrade: H2C", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}},
		{"h2c in a list", []string{"Connection: Upgrade", "Upgrade: websocket, h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}},
		{"h2c in a second line", []string{"Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"}},
	} {
		all = append(all, attack{name: "tunnel to " + c.name, ref: h2c, want: either, marks: []string{"h2c", "http2-settings"}, send: request("GET /attack", c.fields...)})
	}
	return append(all, attack{name: "tunnel by HTTP/1.0", ref: "RFC 9110 §7.8", want: either, marks: []string{"Upgrade"},
		send: strings.Replace(request("GET /attack", upgrade...), "HTTP/1.1", "HTTP/1.0", 1)})
}

// expectAttacks disagree on whether a body comes.
func expectAttacks() []attack {
	length := fmt.Sprintf("Content-Length: %d", len(smuggled))
	early := func(name, ref, line string, fields ...string) attack {
		return attack{name: "expect " + name, ref: ref, want: either, early: true, send: request(line, fields...) + smuggled,
			answers: "HTTP/1.1 200 OK\r\nX-Origin: recorder\r\nContent-Length: 5\r\n\r\nearly"}
	}
	asked := func(name, ref string, fields ...string) attack {
		return attack{name: "expect " + name, ref: ref, want: either, body: smuggled, send: post(smuggled, append(fields, length)...)}
	}
	return []attack{
		early("that is answered at once", "CVE-2024-24791 (Go); "+refMustDie, "POST /attack", "Expect: 100-continue", length),
		early("of GET, that is answered at once", refMustDie+": 0.CL by Expect", "GET /attack", "Expect: 100-continue", length),
		early("of OPTIONS, that is answered at once", "CVE-2025-32094 (Akamai)", "OPTIONS /attack", "Expect: 100-continue", length),
		early("of HEAD, that is answered at once", refMustDie, "HEAD /attack", "Expect: 100-continue", length),
		asked("with something before it", refMustDie+": obfuscated Expect", "Expect: y 100-continue"),
		asked("with something behind it", refMustDie, "Expect: 100-continue, y"),
		asked("of something else", "RFC 9110 §10.1.1", "Expect: 200-ok"),
		asked("in capitals", "RFC 9110 §10.1.1", "Expect: 100-CONTINUE"),
		asked("twice", refMustDie, "Expect: 100-continue", "Expect: 100-continue"),
		asked("empty", refMustDie, "Expect:"),
		{name: "expect folded", ref: "CVE-2025-32094 (Akamai)", want: refused, send: request("OPTIONS /attack", "Expect: 100-continue", " X: y", length) + smuggled},
		{name: "expect folded to hide a length", ref: "CVE-2025-32094 (Akamai)", want: refused, send: request("OPTIONS /attack", "Expect:", " 100-continue", length) + smuggled},
		{name: "expect without a body", ref: refMustDie, want: either, send: request("GET /attack", "Expect: 100-continue") + request("GET /two"), seen: []string{"GET /attack", "GET /two"}},
		{name: "expect in HTTP/1.0", ref: "RFC 9110 §10.1.1", want: either, body: "hello",
			send: strings.Replace(post("hello", "Expect: 100-continue", "Content-Length: 5"), "HTTP/1.1", "HTTP/1.0", 1)},
	}
}
