package edgetest

import (
	"fmt"
	"strings"
)

// References that several rows have.
const (
	refReborn  = "Kettle, HTTP Desync Attacks: Request Smuggling Reborn (2019); RFC 9112 §6.1, §6.3"
	refBrowser = "Kettle, Browser-Powered Desync Attacks (2022)"
	refMustDie = "Kettle, HTTP/1.1 Must Die: The Desync Endgame (2025)"
	refGarden  = "Kallus and others, The HTTP Garden (2024), list of bugs"
	refRFC     = "RFC 9112"
)

// post is a request for /attack with further fields and a body as it is.
func post(body string, fields ...string) string { return request("POST /attack", fields...) + body }

// lengthAttacks disagree on a Content-Length.
func lengthAttacks() []attack {
	five := func(name, ref, value string) attack {
		return attack{name: "length " + name, ref: ref, send: post("hello"+smuggled, "Content-Length: "+value), want: refused}
	}
	length := fmt.Sprintf("Content-Length: %d", len(smuggled))
	return []attack{
		{name: "CL.TE", ref: refReborn + "; Linhart and others, HTTP Request Smuggling (2005); CVE-2026-54387 (tinyproxy)", want: refused,
			send: post("0\r\n\r\n"+smuggled, fmt.Sprintf("Content-Length: %d", len("0\r\n\r\n"+smuggled)), "Transfer-Encoding: chunked")},
		{name: "TE.CL", ref: refReborn + "; pingora issue 945", want: refused,
			send: post(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled), "Transfer-Encoding: chunked", "Content-Length: 4")},
		{name: "TE with a length of nonsense", ref: refGarden + ": ATS 6, Go 4, H2O 5, Squid 1", want: refused,
			send: post("1\r\nZ\r\n0\r\n\r\n", "Content-Length: blah", "Transfer-Encoding: chunked")},
		{name: "CL.0", ref: refBrowser, want: forwarded, body: smuggled, send: post(smuggled, length)},
		{name: "CL.0 on GET", ref: refBrowser + "; " + refGarden + ": relayd 6", want: either, body: smuggled,
			send: request("GET /attack", length) + smuggled},
		{name: "CL.0 on HEAD", ref: refBrowser, want: either, body: smuggled, send: request("HEAD /attack", length) + smuggled},
		{name: "CL.0 on OPTIONS", ref: refBrowser + "; CVE-2025-32094 (Akamai)", want: either, body: smuggled,
			send: request("OPTIONS /attack", length) + smuggled},
		{name: "TE.0", ref: "Unveiling TE.0 HTTP Request Smuggling, Bugcrowd (2024)", want: either, body: smuggled,
			send: request("OPTIONS /attack", "Transfer-Encoding: chunked") + chunk(smuggled) + "0\r\n\r\n"},
		{name: "DELETE in chunks", ref: "CVE-2026-29057 (Next.js, http-proxy)", want: either, body: smuggled,
			send: request("DELETE /attack", "Transfer-Encoding: chunked") + chunk(smuggled) + "0\r\n\r\n"},
		{name: "0.CL by a folded length", ref: refMustDie, want: refused,
			send: request("GET /attack", "Content-Length:", fmt.Sprintf(" %d", len(smuggled))) + smuggled},
		{name: "0.CL by a space before the colon", ref: refMustDie + "; CVE-2024-27982 (Node.js)", want: refused,
			send: request("GET /attack", fmt.Sprintf("Content-Length : %d", len(smuggled))) + smuggled},
		{name: "length after a space", ref: "CVE-2024-27982 (Node.js)", want: refused,
			send: "POST /attack HTTP/1.1\r\n Content-Length: 5\r\nHost: shop.example\r\n\r\nhello" + smuggled},

		five("+5", "CVE-2021-32715 (hyper); CVE-2022-24801 (Twisted); GMS-2023-1908 (Tornado)", "+5"),
		five("-5", "CVE-2023-34188 (Mongoose); "+refGarden, "-5"),
		five("0x5", refGarden+": Akamai 1, OpenLiteSpeed 3", "0x5"),
		five("5_0", refGarden+": gunicorn 1, aiohttp 1; CVE-2023-47627", "5_0"),
		five("5.0", refRFC+" §6.2", "5.0"),
		five("5 5", refRFC+" §6.2", "5 5"),
		five("5, 5", "CVE-2020-10108 (Twisted); RFC 9112 §6.3", "5, 5"),
		five("5, 6", "CVE-2020-10109 (Twisted); RFC 9112 §6.3", "5, 6"),
		five("5;a", refGarden+": Mongoose 5", "5;a"),
		five("5Z", refGarden+": Mongoose 5, OpenLiteSpeed 2", "5Z"),
		five("empty", "CVE-2023-40225 (HAProxy); CVE-2023-40175 (Puma)", ""),
		five("spaces", "CVE-2023-40225 (HAProxy)", "   "),
		five("with a vertical tab", "Grenfeldt and others, Attacking Websites Using HTTP Request Smuggling (2021)", "\x0b5"),
		five("with a form feed", "Grenfeldt and others (2021)", "5\x0c"),
		five("with a no-break space", refGarden+": gunicorn 3", "5\xa0"),
		five("with a NUL", refGarden+": OpenLiteSpeed 9", "5\x00"),
		five("with a minus behind", refRFC+" §6.2", "5-"),
		five("quoted", refRFC+" §6.2", `"5"`),
		five("of 2^64 and 5", refRFC+" §6.2, §6.3", "18446744073709551621"),
		five("of 2^63", refRFC+" §6.2, §6.3", "9223372036854775808"),
		five("of 2^32 and 5 in text", refRFC+" §6.2", "4294967301e0"),
		five("twice, different", refGarden+": H2O 4, relayd 7; CVE-2020-10108", "5\r\nContent-Length: 6"),
		five("twice, alike", refRFC+" §6.3", "5\r\nContent-Length: 5"),
		five("twice, one of them empty", "CVE-2023-40225 (HAProxy)", "\r\nContent-Length: 5"),
		five("twice, the second empty", "CVE-2023-40225 (HAProxy)", "5\r\nContent-Length:"),
		five("twice, in two spellings", "Linhart and others, HTTP Request Smuggling (2005)", "5\r\ncontent-length: 0"),
		five("twice, one in a fold", "CVE-2025-32094 (Akamai)", "5\r\nX: y\r\n Content-Length: 0"),

		{name: "length with zeros before it", ref: refGarden + ": OpenLiteSpeed 3 (octal)", want: either, body: "0123456789",
			send: post("0123456789", "Content-Length: 010")},
		{name: "length by an underscore", ref: "HTTP-Daemon issue 56; CVE-2026-88011 (Traefik)", want: either,
			send: post("hello", "Content-Length: 5", "Content_Length: 0")},
		{name: "length by an underscore alone", ref: "HTTP-Daemon issue 56", want: either,
			send: request("GET /attack", "Content_Length: 5")},
		{name: "length by a dot", ref: "CVE-2026-88011 (Traefik)", want: either, send: request("GET /attack", "Content.Length: 5")},
		{name: "length in a name of too many bytes", ref: "CVE-2021-40346 (HAProxy)", want: refused,
			send: post("hello"+smuggled, "Content-Length0"+strings.Repeat("a", 255)+":", "Content-Length: 5", "Content-Length: 60")},
	}
}

// chunk is text as a chunk.
func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// encodingAttacks disagree on a Transfer-Encoding. Each comes with a length too,
// as it has to for a reader that does not see the encoding.
func encodingAttacks() []attack {
	body := "0\r\n\r\n" + smuggled
	length := fmt.Sprintf("Content-Length: %d", len(body))
	te := func(name, ref string, fields ...string) attack {
		return attack{name: "encoding " + name, ref: ref, want: refused, send: post(body, append(fields, length)...)}
	}
	alone := func(name, ref string, fields ...string) attack {
		return attack{name: "encoding alone " + name, ref: ref, want: refused, send: post(body, fields...)}
	}
	return []attack{
		te("in capitals", refReborn, "TRANSFER-ENCODING: CHUNKED"),
		te("xchunked", refReborn, "Transfer-Encoding: xchunked"),
		te("chunked after a vertical tab", "CVE-2019-18277 (HAProxy); CVE-2019-16789 (Waitress)", "Transfer-Encoding: \x0bchunked"),
		te("chunked before a vertical tab", "CVE-2022-1705 (Go)", "Transfer-Encoding: chunked\x0b"),
		te("chunked after a tab", refReborn, "Transfer-Encoding:\tchunked"),
		te("identity", "CVE-2024-1135, CVE-2024-6827 (gunicorn)", "Transfer-Encoding: identity"),
		te("gzip, chunked", "CVE-2026-54387 (tinyproxy)", "Transfer-Encoding: gzip, chunked"),
		te("chunked, gzip", "CVE-2026-54387 (tinyproxy)", "Transfer-Encoding: chunked, gzip"),
		te("chunked, identity", refReborn, "Transfer-Encoding: chunked, identity"),
		te("chunked, chunked", refGarden+": Pound 1", "Transfer-Encoding: chunked, chunked"),
		te("chunked, xchunked", "CVE-2026-89044 (Netty)", "Transfer-Encoding: chunked, xchunked"),
		te("comma chunked", refGarden+": Azure 1, nghttpx 1, gunicorn 6, relayd 2", "Transfer-Encoding: ,chunked"),
		te("chunked comma", "CVE-2026-54387 (tinyproxy)", "Transfer-Encoding: chunked,"),
		te("with parameters", refRFC+" §7.1", "Transfer-Encoding: chunked;a=b"),
		te("quoted", refReborn, `Transfer-Encoding: "chunked"`),
		te("with a NUL", "CVE-2026-66752 (tiny-http)", "Transfer-Encoding: chunked\x00"),
		te("with a no-break space", refGarden+": gunicorn 3", "Transfer-Encoding: chunked\xa0"),
		te("empty", refRFC+" §6.1", "Transfer-Encoding:"),
		te("cow", refReborn, "Transfer-Encoding: cow"),
		te("chunked and cow", refReborn, "Transfer-Encoding: chunked", "Transfer-Encoding: cow"),
		te("cow and chunked", refReborn, "Transfer-Encoding: cow", "Transfer-Encoding: chunked"),
		te("twice", refGarden+": Pound 1; fasthttp pull 2303", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
		te("identity and chunked", "CVE-2020-8287, CVE-2022-32213 (Node.js)", "Transfer-Encoding: identity", "Transfer-Encoding: chunked"),
		te("folded", "CVE-2022-32215 (Node.js)", "Transfer-Encoding:", " chunked"),
		te("folded, in two", "CVE-2022-32213 (Node.js)", "Transfer-Encoding: chunked", " , identity"),
		te("before a space", "CVE-2019-16276 (Go); CVE-2021-22959 (Node.js); "+refReborn, "Transfer-Encoding : chunked"),
		te("before a tab", refReborn, "Transfer-Encoding\t: chunked"),
		te("after a space", refReborn, " Transfer-Encoding: chunked"),
		te("after a bare LF", refReborn, "X: y\nTransfer-Encoding: chunked"),
		te("after a bare CR", refReborn, "X: y\rTransfer-Encoding: chunked"),
		te("after CR CR LF", refReborn, "X: y\r\r\nTransfer-Encoding: chunked"),
		te("before a NUL", refReborn, "Transfer-Encoding\x00: chunked"),
		te("before 0x85", refGarden+": gunicorn 3", "Transfer-Encoding\x85: chunked"),
		te("without a colon", refGarden+": Mongoose 4", "Transfer-Encoding chunked"),
		te("in two lines", refGarden+": Passenger 2", "Transfer-", "Encoding: chunked"),

		alone("identity", "CVE-2024-6827 (gunicorn)", "Transfer-Encoding: identity"),
		alone("gzip, chunked", "CVE-2026-54387 (tinyproxy)", "Transfer-Encoding: gzip, chunked"),
		alone("chunked, gzip", refRFC+" §6.3", "Transfer-Encoding: chunked, gzip"),
		alone("comma chunked", refGarden+": Azure 1", "Transfer-Encoding: ,chunked"),
		alone("chunked comma", "CVE-2026-54387 (tinyproxy)", "Transfer-Encoding: chunked,"),
		alone("xchunked", refReborn, "Transfer-Encoding: xchunked"),
		alone("twice", refGarden+": Pound 1", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
		alone("empty", refRFC+" §6.1", "Transfer-Encoding:"),
		alone("with parameters", refRFC+" §7.1", "Transfer-Encoding: chunked;a=b"),
		alone("folded", "CVE-2022-32215 (Node.js)", "Transfer-Encoding:", " chunked"),
		{name: "encoding by an underscore alone", ref: "HTTP-Daemon issue 56", want: either, send: request("GET /attack", "Transfer_Encoding: chunked")},
		{name: "encoding in odd spelling", ref: refRFC + " §7", want: forwarded, body: "hello",
			send: post(chunk("hello")+"0\r\n\r\n", "tRANSFER-eNCODING:ChUnKeD")},
		{name: "encoding in HTTP/1.0", ref: "CVE-2026-2835 (Pingora); RFC 9112 §6.1", want: refused,
			send: strings.Replace(post(body, "Connection: keep-alive", "Transfer-Encoding: chunked"), "HTTP/1.1", "HTTP/1.0", 1)},
		{name: "encoding in HTTP/1.0 with a length", ref: "CVE-2026-2835 (Pingora); RFC 9112 §6.1", want: refused,
			send: strings.Replace(post(body, "Connection: keep-alive", "Transfer-Encoding: chunked", length), "HTTP/1.1", "HTTP/1.0", 1)},
		{name: "encoding of a GET", ref: refBrowser, want: either, body: smuggled,
			send: request("GET /attack", "Transfer-Encoding: chunked") + chunk(smuggled) + "0\r\n\r\n"},
	}
}
