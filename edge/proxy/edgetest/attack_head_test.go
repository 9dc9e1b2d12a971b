package edgetest

import (
	"fmt"
	"strings"
)

// refDiff are the studies that compared how servers read a head.
const refDiff = "Jabiyev and others, T-Reqs (2021); Shen and others, HDiff (2022)"

// lineAttacks disagree on where a line ends, and on the request line.
func lineAttacks() []attack {
	raw := func(name, ref, send string) attack {
		return attack{name: "line " + name, ref: ref, want: refused, send: send}
	}
	first := func(name, ref, line string) attack {
		return raw("first "+name, ref, line+"\r\nHost: shop.example\r\n\r\n")
	}
	get := request("GET /attack")
	return []attack{
		raw("ends all bare LF", refGarden+": OpenLiteSpeed 14; CVE-2019-16785 (Waitress)", strings.ReplaceAll(get, "\r\n", "\n")),
		raw("end of the first bare LF", "CVE-2019-16785 (Waitress)", strings.Replace(get, "\r\n", "\n", 1)),
		raw("end of a field bare LF", "CVE-2019-16785 (Waitress); CVE-2022-32214 (Node.js)", request("GET /attack", "X: y\nX-Other: z")),
		raw("end of the head bare LF", "CVE-2022-32214 (Node.js)", strings.TrimSuffix(get, "\r\n")+"\n"+smuggled),
		raw("end of the head two bare LF", refGarden+": gunicorn 2", strings.TrimSuffix(get, "\r\n\r\n")+"\n\n"+smuggled),
		raw("of gunicorn: LF LF in a value", refGarden+": gunicorn 2", request("GET /attack", "X:\n\nGET /smuggled HTTP/1.1")),
		raw("ends all bare CR", refGarden+": CPython 2", strings.ReplaceAll(get, "\r\n", "\r")+"\r\n\r\n"),
		raw("end of the head CR LF CR and a byte", "CVE-2025-23167 (Node.js)", strings.TrimSuffix(get, "\r\n")+"\rZGET /smuggled: HTTP/1.1\r\nHost: a\r\n\r\n"),
		raw("CR CR LF", refDiff, request("GET /attack", "X: y\r\r\nX-Other: z")),
		raw("of spaces only", refDiff, request("GET /attack", " ", "X: y")),
		raw("before the first, a bare LF", refRFC+" §2.2", "\n"+get),
		raw("before the first, a space", refDiff, " "+get),
		raw("before the first, a NUL", refDiff, "\x00"+get),
		raw("before the first, many", refRFC+" §2.2", strings.Repeat("\r\n", 10_000)+get),
		{name: "line before the first, one", ref: refRFC + " §2.2", want: either, send: "\r\n" + get, seen: []string{"GET /attack"}},

		first("with two spaces", refDiff, "GET  /attack HTTP/1.1"),
		first("with two spaces behind", refDiff, "GET /attack  HTTP/1.1"),
		first("with a tab", refDiff, "GET\t/attack HTTP/1.1"),
		first("with a space at its end", refDiff, "GET /attack HTTP/1.1 "),
		first("with a vertical tab", refDiff, "GET /attack\x0bHTTP/1.1"),
		first("with a bare CR", refDiff, "GET /attack\rHTTP/1.1"),
		first("with a bare LF", refGarden+": aiohttp 9", "GET /attack\nHTTP/1.1"),
		first("with a NUL", refDiff, "GET /att\x00ack HTTP/1.1"),
		first("with a control character", refDiff, "GET /att\x01ack HTTP/1.1"),
		first("with DEL", refDiff, "GET /att\x7fack HTTP/1.1"),
		first("with two versions", "CVE-2023-25690 (Apache)", "GET /attack HTTP/1.1 HTTP/1.1"),
		first("without a version", refDiff, "GET /attack"),
		first("without a target", refDiff, "GET HTTP/1.1"),
		first("without a method", refDiff, " /attack HTTP/1.1"),
		first("with a version in small letters", refDiff, "GET /attack http/1.1"),
		first("with version 0.9", refDiff+"; CVE-2020-25613 (WEBrick)", "GET /attack HTTP/0.9"),
		first("with version 1.2", refGarden+": aiohttp 5", "GET /attack HTTP/1.2"),
		first("with version 1.10", refDiff, "GET /attack HTTP/1.10"),
		first("with version 1.1a", refGarden+": aiohttp 5", "GET /attack HTTP/1.1a"),
		first("with version +1.1", refDiff, "GET /attack HTTP/+1.1"),
		first("with version 11", refDiff, "GET /attack HTTP/11"),
		first("with version 1,1", refDiff, "GET /attack HTTP/1,1"),
		first("with version 2.0", refDiff, "GET /attack HTTP/2.0"),
		first("with version 3.0", refDiff, "GET /attack HTTP/3.0"),
		first("with a version of many digits", refGarden+": libevent 1", "GET /attack HTTP/4294967297.1"),
		first("with another protocol", refDiff, "GET /attack ICAP/1.0"),
		first("with a method of signs", refGarden+": aiohttp 6", `G="<>(e),[T]; /attack HTTP/1.1`),
		first("with a method after 0x80", refDiff, "G\x80T /attack HTTP/1.1"),
		raw("of HTTP/2 without TLS", "RFC 9113 §3.3; Miller, h2c Smuggling (2020)", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
		first("of too many bytes", refRFC+" §3", "GET /attack?"+strings.Repeat("a", 128<<10)+" HTTP/1.1"),
	}
}

// fieldAttacks disagree on a field's name or value.
func fieldAttacks() []attack {
	with := func(name, ref string, fields ...string) attack {
		return attack{name: "field " + name, ref: ref, want: refused, send: request("GET /attack", fields...)}
	}
	folds := "RFC 9112 §5.2; Grenfeldt and others (2021)"
	all := []attack{
		with("folded by a space", folds, "X: y", " z"),
		with("folded by a tab", folds, "X: y", "\tz"),
		with("folded to hide a length", "CVE-2025-32094 (Akamai)", "X: y", " Content-Length: 5"),
		with("folded, empty", folds, "X:", " "),
		with("that begins folded", refGarden+": aiohttp 4; CVE-2024-27982 (Node.js)", "\tX: y"),
		with("with a space before the colon", "CVE-2019-16276 (Go); CVE-2019-20444 (Netty)", "X-Name : y"),
		with("with a tab before the colon", refReborn, "X-Name\t: y"),
		with("with a space in its name", refDiff, "X Name: y"),
		with("without a colon", "CVE-2019-20444 (Netty); "+refGarden+": relayd 1", "X-Name"),
		with("without a name", "CVE-2023-25725 (HAProxy); Go issue 65244", ": y"),
		with("without name and value", "CVE-2023-25725 (HAProxy); "+refGarden+": Mongoose 2", ":"),
		with("with a bare CR", refGarden+": Google 1, Mongoose 3", "X: a\rX-Banyan-Arm: evil"),
		with("with a bare CR at its end", refDiff, "X: a\r"),
		with("with a NUL", refGarden+": HAProxy 2, aiohttp 2", "X: a\x00b"),
		with("with a NUL in its name", refGarden+": OpenLiteSpeed 5", "X\x00: a"),
		with("with a bell", refRFC+" §5.5", "X: a\x07b"),
		with("with a vertical tab", refRFC+" §5.5", "X: a\x0bb"),
		with("with DEL", refRFC+" §5.5", "X: a\x7fb"),
		with("with a CR in its name", refDiff, "X\rY: a"),
	}
	for _, c := range []byte("\"(),/;<=>?@[\\]{}\x80\xff") {
		all = append(all, with(fmt.Sprintf("with 0x%02x in its name", c), refGarden+": ATS 3", "X"+string([]byte{c})+"Y: a"))
	}
	return append(all,
		attack{name: "field of too many bytes", ref: "CVE-2018-12121 (Node.js)", want: refused, send: request("GET /attack", "X: "+strings.Repeat("a", 1<<20))},
		attack{name: "fields of too many bytes", ref: "CVE-2018-12121 (Node.js)", want: refused, send: request("GET /attack", strings.Repeat("X: "+strings.Repeat("a", 100)+"\r\n", 5000)+"Y: z")},
		attack{name: "fields without end", ref: "CVE-2018-12121 (Node.js)", want: refused, send: "GET /attack HTTP/1.1\r\n" + strings.Repeat("X:y\r\n", 200_000)},
		attack{name: "field with bytes beyond ASCII", ref: refRFC + " §5.5", want: forwarded, send: request("GET /attack", "X: caf\xc3\xa9 \xff"), needs: []string{"caf\xc3\xa9 \xff"}},
		attack{name: "field with all marks in its name", ref: refGarden + ": Bun 1", want: forwarded, send: request("GET /attack", "X!#$%&'*+-^`|~: y"), needs: []string{"y"}},
		attack{name: "field without a space after the colon", ref: refRFC + " §5.1", want: forwarded, send: request("GET /attack", "X-Name:y"), needs: []string{"y"}},
		attack{name: "field with much space around", ref: refRFC + " §5.1", want: forwarded, send: request("GET /attack", "X-Name: \t  y \t "), needs: []string{"X-Name: y\r\n"}},
	)
}

// targetAttacks disagree on what is asked for.
func targetAttacks() []attack {
	at := func(name, ref, line string) attack {
		return attack{name: "target " + name, ref: ref, want: refused, send: request(line)}
	}
	const absolute = "RFC 9112 §3.2.2; Chen and others, Host of Troubles (2016); Kettle, Cracking the Lens (2017)"
	splitting := "/%0d%0aHost:%20evil.example%0d%0a%0d%0aGET%20/smuggled%20HTTP/1.1"
	return []attack{
		at("absolute, of this shop", absolute, "GET http://shop.example/attack"),
		at("absolute, of another host", absolute, "GET http://evil.example/attack"),
		at("absolute, https", absolute, "GET https://evil.example/attack"),
		at("absolute, of no host", absolute, "GET http:///attack"),
		at("absolute, with userinfo", absolute, "GET http://shop.example@evil.example/attack"),
		at("absolute, of another scheme", absolute, "GET file:///attack"),
		at("absolute, in capitals", absolute, "GET HTTP://evil.example/attack"),
		at("authority", "RFC 9112 §3.2.3", "GET evil.example:80"),
		at("CONNECT", "RFC 9110 §9.3.6; Kettle (2017)", "CONNECT evil.example:443"),
		at("CONNECT of a path", "RFC 9110 §9.3.6", "CONNECT /attack"),
		at("star of GET", "RFC 9112 §3.2.4", "GET *"),
		at("at sign", "Kettle, Cracking the Lens (2017)", "GET @evil.example/attack"),
		at("without a slash", refDiff, "GET attack"),
		at("that begins with a backslash", refDiff, `GET \attack`),
		at("that begins with a question mark", refDiff, "GET ?attack"),
		at("that begins with a hash", refDiff, "GET #/attack"),
		at("empty", refDiff, "GET "),
		at("with a space", refDiff, "GET /attack /b"),
		{name: "target with a bad escape", ref: "CVE-2022-2880 (Go)", want: either, send: request("GET /attack/%zz"), seen: []string{"GET /attack/%zz"}},
		{name: "target with half an escape", ref: "CVE-2022-2880 (Go)", want: either, send: request("GET /attack/%"), seen: []string{"GET /attack/%"}},
		{name: "target with encoded line ends", ref: "CVE-2023-25690 (Apache); CVE-2020-11724 (OpenResty)", want: forwarded,
			send: request("GET " + splitting), seen: []string{"GET " + splitting}},
		{name: "target with line ends in the query", ref: "CVE-2023-25690 (Apache)", want: forwarded,
			send: request("GET /attack?a=%0d%0aX:%20y"), seen: []string{"GET /attack?a=%0d%0aX:%20y"}},
		{name: "target that begins with two slashes", ref: "Kettle, Cracking the Lens (2017)", want: forwarded, needs: []string{"Host: shop.example\r\n"},
			send: request("GET //evil.example/attack"), seen: []string{"GET //evil.example/attack"}},
		{name: "target with a hash", ref: "CVE-2023-45539 (HAProxy)", want: either,
			send: request("GET /attack#.png"), seen: []string{"GET /attack#.png"}},
		{name: "target with a query that Go cannot read", ref: "CVE-2022-2880 (Go)", want: forwarded,
			send: request("GET /attack?a=%zz;b&c"), seen: []string{"GET /attack?a=%zz;b&c"}},
	}
}

// hostAttacks disagree on the host.
func hostAttacks() []attack {
	const ref = "Chen and others, Host of Troubles (2016); RFC 9112 §3.2"
	with := func(name string, fields ...string) attack {
		send := "GET /attack HTTP/1.1\r\n" + strings.Join(append(fields, "", ""), "\r\n")
		return attack{name: "host " + name, ref: ref, want: refused, send: send}
	}
	return []attack{
		with("missing", "X: y"),
		with("twice", "Host: shop.example", "Host: evil.example"),
		with("twice, alike", "Host: shop.example", "Host: shop.example"),
		with("twice, in two spellings", "Host: shop.example", "hOST: evil.example"),
		with("twice, the first folded", "Host:", " shop.example", "Host: evil.example"),
		with("twice, the second after a space", "Host: shop.example", " Host: evil.example"),
		with("twice, the first after a space", " Host: evil.example", "Host: shop.example"),
		with("before a space", "Host : shop.example"),
		with("with a path", "Host: shop.example/evil"),
		with("with a query", "Host: shop.example?evil"),
		with("with a hash", "Host: shop.example#evil"),
		with("with userinfo", "Host: evil@shop.example"),
		with("with a space", "Host: shop.example evil.example"),
		with("with a tab", "Host: shop.example\tevil.example"),
		with("with a comma", "Host: shop.example,evil.example"),
		with("with a backslash", `Host: shop.example\evil`),
		with("with quotes", `Host: shop.example"evil`),
		with("with a less-than sign", `Host: shop.example<script>`),
		with("with a NUL", "Host: shop.example\x00.evil.example"),
		with("with a bare CR", "Host: shop.example\revil"),
		with("with a port of letters", "Host: shop.example:80x"),
		with("with a port beyond 65535", "Host: shop.example:99999"),
		with("with a port that is negative", "Host: shop.example:-80"),
		with("with two ports", "Host: shop.example:80:81"),
		with("with a bracket", "Host: [::1"),
		with("with something behind the bracket", "Host: [::1]evil"),
		with("with a scheme", "Host: http://shop.example"),
		with("with bytes beyond ASCII", "Host: sh\xc3\xb6p.example"),
		with("folded", "Host:", " shop.example"),
		with("continued", "Host: shop.example", " evil.example"),
		{name: "host empty", ref: ref, want: either, send: "GET /attack HTTP/1.1\r\nHost:\r\n\r\n"},
		{name: "host missing in HTTP/1.0", ref: ref, want: either, send: "GET /attack HTTP/1.0\r\n\r\n"},
		{name: "host in brackets", ref: ref, want: forwarded, send: "GET /attack HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", needs: []string{"Host: [::1]:8080"}},
		{name: "host with a port", ref: ref, want: forwarded, send: "GET /attack HTTP/1.1\r\nHost: shop.example:8443\r\n\r\n", needs: []string{"Host: shop.example:8443"}},
		{name: "host with a point at its end", ref: ref, want: forwarded, send: "GET /attack HTTP/1.1\r\nHost: Shop.Example.\r\n\r\n", needs: []string{"Host: Shop.Example."}},
	}
}
