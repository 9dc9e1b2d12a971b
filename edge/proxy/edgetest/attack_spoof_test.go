package edgetest

import (
	"fmt"
	"strings"
)

// spoofAttacks claim what only the edge can know.
func spoofAttacks() []attack {
	const aliases = "CVE-2026-39858, CVE-2026-88011 (Traefik); CVE-2015-0219 (Django)"
	claim := func(ref string, fields ...string) attack {
		name, _, _ := strings.Cut(fields[0], ":")
		return attack{name: "claim " + name, ref: ref, want: either, marks: []string{"evil", "6.6.6.6"}, send: request("GET /attack", fields...)}
	}
	all := []attack{
		claim(aliases, "X-Forwarded_For: 6.6.6.6"),
		claim("Kettle, Practical Web Cache Poisoning (2018)", "x-forwarded-host: evil"),
		claim("CVE-2018-14773 (Symfony)", "X-Original-URL: /evil"),
		claim("CVE-2018-14773 (Symfony)", "X-Rewrite-URL: /evil"),
		claim("CVE-2018-14773 (Symfony)", "X_Rewrite_URL: /evil"),
		claim("CVE-2016-5385 (httpoxy)", "Proxy: http://evil.example"),
		claim("Kettle, Practical Web Cache Poisoning (2018)", "X-Host: evil"),
		claim("Kettle, Practical Web Cache Poisoning (2018)", "X-HTTP-Host-Override: evil"),
		claim("CVE-2022-31813 (Apache)", "X-Real-IP: 6.6.6.6"),
		claim(aliases, "X_Real_IP: 6.6.6.6"),
		{name: "claim X-Forwarded-For twice", ref: "CVE-2020-28483 (gin); CVE-2024-45410 (Traefik)", want: either, marks: []string{"6.6.6.6", "7.7.7.7"},
			send: request("GET /attack", "X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 7.7.7.7"), needs: []string{"X-Forwarded-For: 127.0.0.1\r\n"}},
		{name: "claim X-Forwarded-For empty", ref: "CVE-2022-32148 (Go)", want: either, send: request("GET /attack", "X-Forwarded-For:"), needs: []string{"X-Forwarded-For: 127.0.0.1\r\n"}},
		{name: "claim a trace", ref: "W3C Trace Context §8", want: either, marks: []string{"11111111111111111111"},
			send: request("GET /attack", "traceparent: 00-11111111111111111111111111111111-1111111111111111-01", "tracestate: a=11111111111111111111")},
	}
	for _, name := range []string{"For", "Host", "Proto", "Port", "Server", "Prefix", "By", "Scheme", "Ssl", "User", "Client-Cert", "Tls-Client-Cert", "Uri", "Path", "Method"} {
		all = append(all,
			claim("CVE-2026-35051, CVE-2024-45410 (Traefik)", "X-Forwarded-"+name+": 6.6.6.6, evil"),
			claim(aliases, "X_Forwarded_"+name+": 6.6.6.6, evil"),
			claim(aliases, "X.Forwarded."+name+": 6.6.6.6, evil"))
	}
	for _, name := range []string{"Arm", "Epoch", "Visitor", "Secret"} {
		all = append(all,
			claim("CVE-2026-35051 (Traefik)", "X-Banyan-"+name+": evil"),
			claim(aliases, "X_Banyan_"+name+": evil"),
			claim(aliases, "X.Banyan."+name+": evil"),
			claim(aliases, "x-banyan_"+strings.ToLower(name)+": evil"))
	}
	for _, name := range []string{"True-Client-IP", "X-Client-IP", "Client-IP", "X-Cluster-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP", "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr"} {
		all = append(all, claim("CVE-2020-28483 (gin); CVE-2022-31813 (Apache)", name+": 6.6.6.6"))
	}
	return append(all, claim("RFC 7239 §8.1", "Forwarded: for=6.6.6.6;host=evil"), claim(aliases, "FORWARDED: for=6.6.6.6"))
}

// connectionAttacks name, in Connection, what concerns more than one hop.
func connectionAttacks() []attack {
	const ref = "CVE-2024-45410 (Traefik); CVE-2022-31813 (Apache); CVE-2021-33197 (Go); Davison, Abusing hop-by-hop headers (2019)"
	naming := func(name, has string) attack {
		return attack{name: "connection names " + name, ref: ref, want: either, send: request("GET /attack", "Connection: close, "+name),
			needs: []string{has}, marks: []string{"close, " + name}}
	}
	all := []attack{
		naming("X-Forwarded-For", "X-Forwarded-For: 127.0.0.1\r\n"),
		naming("X-Forwarded-Host", "X-Forwarded-Host: shop.example\r\n"),
		naming("X-Forwarded-Proto", "X-Forwarded-Proto: http\r\n"),
		naming("Forwarded", "\r\nForwarded: for=127.0.0.1"),
		naming("x-banyan-arm", "X-Banyan-Arm: legacy\r\n"),
		naming("X-BANYAN-EPOCH", "X-Banyan-Epoch: 7\r\n"),
		naming("traceparent", "\r\nTraceparent: 00-"),
		naming("Host", "\r\nHost: shop.example\r\n"),
		naming(`"X-Forwarded-For"`, "X-Forwarded-For: 127.0.0.1\r\n"),
		naming("X_Forwarded_For", "X-Forwarded-For: 127.0.0.1\r\n"),
		{name: "connection names Content-Length", ref: ref, want: either, body: smuggled,
			send: post(smuggled, "Connection: Content-Length", fmt.Sprintf("Content-Length: %d", len(smuggled)))},
		{name: "connection names Transfer-Encoding", ref: "CVE-2026-26365 (Akamai)", want: either, body: smuggled,
			send: post(chunk(smuggled)+"0\r\n\r\n", "Connection: Transfer-Encoding", "Transfer-Encoding: chunked")},
		{name: "connection names Trailer", ref: ref, want: either, send: request("GET /attack", "Connection: Trailer", "Trailer: Host")},
		{name: "connection is a list of names", ref: ref, want: either, marks: []string{"X-Drop"}, needs: []string{"X-Kept: 1"},
			send: request("GET /attack", "X-Drop: 1", "X-Kept: 1", "Connection: ,, X-Drop ,", "Connection: x-other")},
		{name: "connection is spelled in two ways", ref: ref, want: either, needs: []string{"X-Forwarded-For: 127.0.0.1\r\n"},
			send: request("GET /attack", "connection: X-Forwarded-For", "CONNECTION: close")},
	}
	for _, hop := range []string{"Keep-Alive: 5", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eA==", "TE: gzip", "Trailer: Host", "Proxy-Authenticate: x"} {
		name, _, _ := strings.Cut(hop, ":")
		all = append(all, attack{name: "connection's own " + name, ref: "RFC 9110 §7.6.1", want: either, marks: []string{"\n" + hop}, send: request("GET /attack", hop)})
	}
	return all
}
