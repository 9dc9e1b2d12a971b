package edgetest

import "strings"

// refFunky is where the ways to disagree on a chunk's lines were collected.
const refFunky = "Weikop, Funky Chunks (2025), and Funky Chunks 2 (2025)"

// chunkAttacks disagree on where a chunk begins or ends.
func chunkAttacks() []attack {
	bad := func(name, ref, body string) attack {
		return attack{name: "chunk " + name, ref: ref, want: refused, send: post(body+smuggled, "Transfer-Encoding: chunked")}
	}
	size := func(name, ref, size string) attack { return bad("size "+name, ref, size+"\r\nhello\r\n0\r\n\r\n") }
	legal := func(name, ref, body string) attack {
		return attack{name: "chunk " + name, ref: ref, want: either, body: "hello", send: post(body, "Transfer-Encoding: chunked")}
	}
	return []attack{
		bad("size before a bare LF", "CVE-2025-22871 (Go); HTTP Garden, HAProxy 3", "5\nhello\r\n0\r\n\r\n"),
		bad("size before a bare CR", refGarden+": Node.js 2; h2o issue 3390", "5\rhello\r\n0\r\n\r\n"),
		bad("size before CR and another byte", refGarden+": Node.js 2, Akamai 3, ATS 4", "5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n"),
		bad("size before CR and nothing", "h2o issue 3390", "1\r0\r\n\r\n"),
		bad("TERM.EXT: a bare LF in an extension", refFunky+"; CVE-2025-55315 (Kestrel); fasthttp pull 1899", "5;\nhello\r\n0\r\n\r\n"),
		bad("TERM.EXT: a bare LF after an extension", refFunky+"; CVE-2025-55315 (Kestrel)", "5;a=b\nhello\r\n0\r\n\r\n"),
		bad("EXT.TERM: an extension goes on after a bare LF", refFunky, "2;\nxx\r\n47\r\n0\r\n\r\n"),
		bad("a bare CR in an extension", refFunky, "5;a\rb\r\nhello\r\n0\r\n\r\n"),
		bad("a CR before an extension", refGarden+": Google 2", "5\r;a\r\nhello\r\n0\r\n\r\n"),
		bad("a NUL in an extension", refFunky, "5;a\x00b\r\nhello\r\n0\r\n\r\n"),
		bad("a quote that does not end", "CVE-2026-2332 (Jetty); "+refFunky, "1;a=\"val\r\nX\r\n0\r\n\r\n"),
		bad("a line end within quotes", "CVE-2026-33870 (Netty); "+refFunky, "1;a=\"\r\nX\r\n0\r\n\r\n\"\r\nX\r\n0\r\n\r\n"),
		bad("an extension without a name", refRFC+" §7.1.1", "5;=b\r\nhello\r\n0\r\n\r\n"),
		bad("an extension without end", "CVE-2023-39326 (Go)", "5;"+strings.Repeat("a", 200<<10)+"\r\nhello\r\n0\r\n\r\n"),
		bad("something without a semicolon behind", refGarden+": ATS 5", "5these-bytes-never-get-validated\r\nhello\r\n0\r\n\r\n"),
		legal("with an extension", "CVE-2021-22960 (Node.js); "+refFunky, "5;a=b\r\nhello\r\n0\r\n\r\n"),
		legal("with an extension in quotes", "CVE-2026-33870 (Netty)", "5;a=\"b;c\"\r\nhello\r\n0;d\r\n\r\n"),
		legal("with many extensions", "CVE-2023-39326 (Go)", "5;a;b;c=d\r\nhello\r\n0\r\n\r\n"),
		legal("with zeros before its size", refRFC+" §7.1", "0005\r\nhello\r\n000\r\n\r\n"),

		size("empty", "Go issue 64517; HTTP Garden, hyper 1", ""),
		size("after a space", refGarden+": Pound 3, relayd 9", " 5"),
		size("after a tab", refGarden+": Pound 3", "\t5"),
		size("before a space", "pound issue 20; "+refGarden, "5 "),
		size("before a tab", "pound issue 20; "+refGarden, "5\t"),
		size("0x5", "CVE-2022-24761 (Waitress); CVE-2022-24801 (Twisted)", "0x5"),
		size("+5", "CVE-2022-24761 (Waitress); "+refGarden+": libevent 2", "+5"),
		size("-5", refGarden+": libevent 2, relayd 3", "-5"),
		size("-0x0", refGarden+": relayd 3", "-0x0"),
		size("0_5", refGarden+": aiohttp 1, H2O 3", "0_5"),
		size("5g", refRFC+" §7.1", "5g"),
		size("Z", refGarden+": Akamai 2", "Z"),
		size("5.", refRFC+" §7.1", "5."),
		size("5h", refRFC+" §7.1", "5h"),
		size("with a NUL", refRFC+" §7.1", "5\x00"),
		size("with a vertical tab", refRFC+" §7.1", "5\x0b"),
		size("with a quote", refRFC+" §7.1", `"5"`),
		size("of 2^64 and 5", "CVE-2021-32714 (hyper)", "10000000000000005"),
		size("of 2^64 less 1", "CVE-2021-32714 (hyper)", "FFFFFFFFFFFFFFFF"),
		size("of 2^63", "CVE-2021-32714 (hyper); CVE-2013-2028 (nginx)", "8000000000000000"),
		size("of 2^32 and 5, too large for some", "CVE-2002-0392 (Apache)", "f00000000000000000000005"),

		bad("TERM.SPILL: two bytes where CRLF belongs", refFunky, "5\r\nhelloXX0\r\n\r\n"),
		bad("SPILL.TERM: data beyond its size", refFunky+"; CVE-2024-53868 (Traffic Server)", "5\r\nhello world\r\n0\r\n\r\n"),
		bad("ONE.TWO: one byte where CRLF belongs", refFunky, "5\r\nhello\n0\r\n\r\n"),
		bad("TWO.ONE: nothing where CRLF belongs", refFunky+"; CVE-2025-43859 (h11)", "5\r\nhello0\r\n\r\n"),
		bad("ZERO.TWO: a bare CR where CRLF belongs", refFunky, "5\r\nhello\r0\r\n\r\n"),
		bad("an empty line between chunks", refGarden+": OpenLiteSpeed 15, Mongoose 6", "5\r\nhello\r\n\r\n0\r\n\r\n"),
		bad("an empty line before the first", "Go issue 64517", "\r\n5\r\nhello\r\n0\r\n\r\n"),
		bad("the last one before bare LFs", "http-garden README; CVE-2025-22871 (Go)", "5\r\nhello\r\n0\n\n"),
		bad("the last one before CRLF and a bare LF", refFunky, "5\r\nhello\r\n0\r\n\n"),
		bad("the last one before CRLF and CR", "CVE-2025-23167 (Node.js)", "5\r\nhello\r\n0\r\n\rX"),
		bad("the last one before a bare LF and CRLF", refFunky, "5\r\nhello\r\n0\n\r\n"),
		bad("the last one minus", refGarden+": relayd 3", "5\r\nhello\r\n-0\r\n\r\n"),
	}
}

// trailerAttacks put into the trailers what does not belong there.
func trailerAttacks() []attack {
	with := func(name, ref string, want outcome, trailers string, marks ...string) attack {
		return attack{name: "trailer " + name, ref: ref, want: want, body: "hello", marks: marks,
			send: post(chunk("hello")+"0\r\n"+trailers+"\r\n\r\n", "Transfer-Encoding: chunked", "Trailer: X-Sum")}
	}
	const framing = "RFC 9110 §6.5.1; zoxy issue 244"
	return []attack{
		with("Content-Length", framing, either, "Content-Length: 60"),
		with("Transfer-Encoding", framing, either, "Transfer-Encoding: chunked"),
		with("Host", framing, either, "Host: evil.example", "evil"),
		with("Connection", framing, either, "Connection: X-Forwarded-For"),
		with("Trailer", framing, either, "Trailer: Host"),
		with("by an underscore", "CVE-2026-88011 (Traefik)", either, "Content_Length: 60"),
		with("X-Forwarded-For", "CVE-2013-5704 (Apache); RFC 9110 §6.5.1", either, "X-Forwarded-For: 6.6.6.6", "6.6.6.6"),
		with("X_Forwarded_For", "CVE-2026-39858 (Traefik)", either, "X_Forwarded_For: 6.6.6.6", "6.6.6.6"),
		with("X-Banyan-Arm", "CVE-2013-5704 (Apache)", either, "X-Banyan-Arm: evil", "evil"),
		with("Forwarded", "CVE-2013-5704 (Apache)", either, "Forwarded: for=6.6.6.6", "6.6.6.6"),
		with("Authorization", "RFC 9110 §6.5.1", either, "Authorization: evil", "evil"),
		with("Cookie", "RFC 9110 §6.5.1", either, "Cookie: evil=1", "evil"),
		with("that looks like a request", "CVE-2023-40175 (Puma)", either, "X:POST /smuggled HTTP/1.1"),
		with("without a colon", "zoxy issue 244", refused, "X-Sum"),
		with("with a space before the colon", "zoxy issue 244", refused, "X-Sum : 1"),
		with("with an empty name", "CVE-2023-25725 (HAProxy)", refused, ": 1"),
		with("folded", "RFC 9112 §5.2", refused, "X-Sum: 1\r\n 2"),
		with("after a bare LF", "CVE-2025-53643 (aiohttp)", refused, "X-Sum: 1\nX-Other: 2"),
		with("with a bare CR", "CVE-2025-53643 (aiohttp)", refused, "X-Sum: 1\rX-Other: 2"),
		with("with a NUL", "CVE-2025-53643 (aiohttp)", refused, "X-Sum: 1\x002"),
		with("a request where trailers belong", refFunky, refused, "GET /smuggled HTTP/1.1\r\nHost: shop.example"),
		with("without end", "CVE-2023-39326 (Go)", refused, strings.Repeat("X-Sum: "+strings.Repeat("a", 1000)+"\r\n", 300)),
	}
}
