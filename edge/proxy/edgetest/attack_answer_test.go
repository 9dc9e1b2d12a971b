package edgetest

import "strings"

// refAnswers is where disagreeing on answers was made into attacks.
const refAnswers = "Doyhenard, Response Smuggling (2021); Kettle, HTTP/1.1 Must Die (2025)"

// evilAnswer is what an attacker wants somebody else to get.
const evilAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

// answerHeadAttacks are answers whose head can be read in two ways.
func answerHeadAttacks() []attack {
	bad := func(name, ref, says string) attack {
		return attack{name: "answer " + name, ref: ref, want: badGateway, send: request("GET /attack"), answers: says, hangsUp: true, leaks: "evil"}
	}
	field := func(name, ref, line string) attack {
		return bad("with a field "+name, ref, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"+line+"\r\n\r\nok")
	}
	return []attack{
		bad("after garbage", refAnswers, "evil"+evilAnswer),
		bad("after an empty line", refAnswers, "\r\n"+evilAnswer),
		bad("after a space", refAnswers, " "+evilAnswer),
		bad("that is no HTTP", refAnswers, "SSH-2.0-evil\r\n\r\n"),
		bad("of HTTP/0.9", "RFC 9112 Appendix C", "evil"),
		bad("of ICY", refDiff, "ICY 200 OK\r\n\r\nevil"),
		bad("of HTTP/2", refDiff, "HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("of HTTP/1.10", refDiff, "HTTP/1.10 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("with a status of two digits", refDiff, "HTTP/1.1 20 OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("with a status of four digits", refDiff, "HTTP/1.1 2000 OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("with a status with a sign", refDiff, "HTTP/1.1 +20 OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("with a status of letters", refDiff, "HTTP/1.1 abc OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("with status 099", refDiff, "HTTP/1.1 099 OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("with two spaces", refDiff, "HTTP/1.1  200 OK\r\nContent-Length: 4\r\n\r\nevil"),
		bad("without a status", refDiff, "HTTP/1.1\r\nContent-Length: 4\r\n\r\nevil"),
		bad("with a bare CR in its reason", refDiff, "HTTP/1.1 200 OK\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok"),
		bad("with bare LF for all ends", refDiff, "HTTP/1.1 200 OK\nContent-Length: 4\n\nevil"),
		bad("with a bare LF for one end", refDiff, "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 4\r\n\r\nevil"),
		bad("that stops in its head", refRFC+" §8", "HTTP/1.1 200 OK\r\nX: evil"),
		bad("with a head without end", "CVE-2018-12121 (Node.js)", "HTTP/1.1 200 OK\r\n"+strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 1000)+"\r\n"),
		bad("with a field without end", "CVE-2018-12121 (Node.js)", "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 1<<20)),
		field("with a bare CR", "CVE-2023-38709, CVE-2024-24795 (Apache): response splitting", "X: a\rSet-Cookie: evil=1"),
		field("with a NUL", refDiff, "X: a\x00evil"),
		field("with a bell", refDiff, "X: a\x07evil"),
		field("folded", folded, "X: a\r\n evil"),
		field("that begins folded", folded, " X: evil"),
		field("with a space before the colon", "RFC 9112 §5.1", "X : evil"),
		field("without a colon", refDiff, "evil"),
		field("without a name", "CVE-2023-25725 (HAProxy)", ": evil"),
		field("with a space in its name", refDiff, "X Y: evil"),
		field("with 0x80 in its name", refDiff, "X\x80: evil"),
		{name: "answer with the edge's own fields", ref: "CVE-2026-35051 (Traefik)", want: passed, send: request("GET /attack"), gets: "ok", leaks: "evil",
			answers: "HTTP/1.1 200 OK\r\nX-Banyan-Arm: evil\r\nx_banyan_epoch: 1\r\nContent-Length: 2\r\n\r\nok", hangsUp: true},
	}
}

const folded = "RFC 9112 §5.2"

// answerLengthAttacks are answers whose end can be found in two ways.
func answerLengthAttacks() []attack {
	bad := func(name, ref, head, body string) attack {
		return attack{name: "answer's " + name, ref: ref, want: badGateway, send: request("GET /attack"), hangsUp: true,
			answers: "HTTP/1.1 200 OK\r\n" + head + "\r\n\r\n" + body}
	}
	cut := func(name, ref, head, body string) attack {
		a := bad(name, ref, head, body)
		a.want = cutShort
		return a
	}
	chunks := func(name, ref, body string) attack {
		return cut("chunk "+name, ref, "Transfer-Encoding: chunked", body)
	}
	return []attack{
		bad("length and encoding", refAnswers+"; RFC 9112 §6.3", "Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"+evilAnswer),
		bad("encoding and length", refAnswers+"; RFC 9112 §6.3", "Transfer-Encoding: chunked\r\nContent-Length: 4", "2\r\nok\r\n0\r\n\r\n"),
		bad("lengths that differ", "RFC 9112 §6.3", "Content-Length: 2\r\nContent-Length: 5", "ok"),
		bad("lengths that are alike", "RFC 9112 §6.3", "Content-Length: 2\r\nContent-Length: 2", "ok"),
		bad("length 2, 2", "RFC 9112 §6.3", "Content-Length: 2, 2", "ok"),
		bad("length +2", "CVE-2021-32715 (hyper)", "Content-Length: +2", "ok"),
		bad("length -2", refGarden, "Content-Length: -2", "ok"),
		bad("length 0x2", refGarden, "Content-Length: 0x2", "ok"),
		bad("length empty", "CVE-2023-40225 (HAProxy)", "Content-Length:", "ok"),
		bad("length of letters", refGarden, "Content-Length: two", "ok"),
		bad("length of 2^64 and 2", refRFC+" §6.3", "Content-Length: 18446744073709551618", "ok"),
		bad("encoding xchunked", refReborn, "Transfer-Encoding: xchunked", "2\r\nok\r\n0\r\n\r\n"),
		bad("encoding gzip, chunked", refReborn, "Transfer-Encoding: gzip, chunked", "2\r\nok\r\n0\r\n\r\n"),
		bad("encoding chunked, gzip", refReborn, "Transfer-Encoding: chunked, gzip", "2\r\nok\r\n0\r\n\r\n"),
		bad("encoding identity", "CVE-2024-6827 (gunicorn)", "Transfer-Encoding: identity", "ok"),
		bad("encoding twice", refGarden+": Pound 1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "2\r\nok\r\n0\r\n\r\n"),
		bad("encoding after a vertical tab", "CVE-2022-1705 (Go)", "Transfer-Encoding: \x0bchunked", "2\r\nok\r\n0\r\n\r\n"),
		{name: "answer's encoding in HTTP/1.0", ref: "RFC 9112 §6.1", want: badGateway, send: request("GET /attack"), hangsUp: true,
			answers: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},

		cut("body that stops early", "RFC 9112 §8", "Content-Length: 10", "half"),
		chunks("that stops early", "RFC 9112 §8", "5\r\nhal"),
		chunks("that is the last, and missing", "RFC 9112 §8", "4\r\nhalf\r\n"),
		chunks("without the last empty line", "RFC 9112 §8", "4\r\nhalf\r\n0\r\n"),
		chunks("size 0x4", refGarden, "0x4\r\nhalf\r\n0\r\n\r\n"),
		chunks("size +4", refGarden, "+4\r\nhalf\r\n0\r\n\r\n"),
		chunks("size empty", "Go issue 64517", "\r\n\r\n"),
		chunks("size of 2^64 and 4", "CVE-2021-32714 (hyper)", "10000000000000004\r\nhalf\r\n0\r\n\r\n"),
		chunks("size before a bare LF", "CVE-2025-22871 (Go)", "4\nhalf\r\n0\r\n\r\n"),
		chunks("with a bare LF in an extension", refFunky, "4;\nhalf\r\n0\r\n\r\n"),
		chunks("with data beyond its size", refFunky, "4\r\nhalf and half\r\n0\r\n\r\n"),
		chunks("with two bytes where CRLF belongs", refFunky, "4\r\nhalfXX0\r\n\r\n"),
	}
}

// answerQueueAttacks leave on a connection what somebody else would get.
func answerQueueAttacks() []attack {
	says := func(name, ref, gets, answers string) attack {
		return attack{name: "queue " + name, ref: ref, want: passedOrBad, send: request("GET /attack"), gets: gets, answers: answers, leaks: "evil"}
	}
	head := func(a attack) attack { a.send = request("HEAD /attack"); return a }
	const interim = "RFC 9110 §15.2; " + refAnswers
	all := []attack{
		says("behind a body", refAnswers+"; aiohttp issue 13656", "ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"+evilAnswer),
		says("behind the last chunk", refAnswers, "ok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"+evilAnswer),
		says("behind no body", refAnswers, "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"+evilAnswer),
		says("behind 204", refAnswers+"; RFC 9112 §6.3", "", "HTTP/1.1 204 No Content\r\n\r\n"+evilAnswer),
		says("behind 204 with a length", refAnswers+"; RFC 9112 §6.3", "", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil"),
		says("behind 204 in chunks", refAnswers+"; RFC 9112 §6.1", "", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"),
		says("behind 304 with a length", refAnswers+"; RFC 9112 §6.3", "", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"),
		says("behind 304 in chunks", refAnswers+"; RFC 9112 §6.1", "", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"),
		head(says("behind HEAD", refAnswers, "", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")),
		head(says("behind HEAD in chunks", refAnswers, "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n")),
		head(says("behind HEAD, a whole answer", refAnswers, "", "HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n"+evilAnswer)),
		says("of bytes only", refAnswers, "ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n"),
		says("of one byte", refAnswers, "ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokX"),
		says("of an interim answer", interim, "ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 100 Continue\r\n\r\n"),
		says("after 100 with a body", interim, "", "HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nevil"+evilAnswer),
		says("after 103 in chunks", interim, "", "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"),
		says("after interim answers without end", interim, "", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100_000)),
	}
	all[len(all)-1].hangsUp = true
	all[len(all)-2].hangsUp = true
	all[len(all)-3].hangsUp = true
	trailer := says("with framing in its trailers", "RFC 9110 §6.5.1", "ok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 5\r\nX-Banyan-Arm: evil\r\n\r\n")
	trailer.hangsUp, trailer.leaks = true, "Content-Length"
	return append(all, trailer)
}
