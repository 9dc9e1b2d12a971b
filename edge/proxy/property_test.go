package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// wellFormed makes requests that both paths have to treat alike.
var wellFormed = rapid.Custom(func(t *rapid.T) string {
	method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BUY"}).Draw(t, "method")
	target := "/" + rapid.StringMatching(`([a-zA-Z0-9/._~!$&'()*+,;=:@|"<>^{}\[\]-]|%[0-9a-fA-F]{2}){0,40}(\?[a-z%=&;?/]{0,20})?`).Draw(t, "target")
	fields := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{
			"X-Odd", "x-odd", "Accept", "Accept-Language", "Cookie", "User-Agent", "X-Forwarded-For", "x-forwarded-proto", "X-Banyan-Arm", "X_Banyan_Arm",
			"Connection", "Keep-Alive", "TE", "Trailer", "Proxy-Authorization", "Range", "If-None-Match", "Idempotency-Key", "Authorization", "Forwarded",
			"traceparent", "Tracestate", "X-Real-IP", "True-Client-IP", "Proxy", "Via", "Cache-Control", "Content-Type", "Referer", "Content_Length",
		}).Draw(t, "name")
		value := rapid.StringMatching(`[!-~]([ -~\t]{0,30}[!-~])?|`).Draw(t, "value")
		switch name {
		case "Connection":
			value = rapid.SampledFrom([]string{"keep-alive", "x-odd, accept", "X-Forwarded-For", "Cookie, close", "te"}).Draw(t, "option")
		case "Trailer":
			value = "X-Sum"
		}
		return name + ":" + rapid.SampledFrom([]string{"", " ", "\t "}).Draw(t, "space") + value
	}), 0, 8).Draw(t, "fields")
	body := ""
	switch rapid.IntRange(0, 3).Draw(t, "framing") {
	case 1:
		body = rapid.StringMatching(`[a-z]{1,50}`).Draw(t, "body")
		fields = append(fields, fmt.Sprint("Content-Length: ", len(body)))
	case 2:
		body = rapid.StringMatching(`[a-z]{1,50}`).Draw(t, "body")
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		fields = append(fields, "Transfer-Encoding: chunked")
	}
	return request(method+" "+target, fields...) + body
})

// answers that both paths have to pass on alike.
var answers = rapid.SampledFrom([]string{
	plainAnswer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 9\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: //x/y\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 500 Oh\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nContent-Length: 2\r\nDate: Fri, 27 Nov 2026 08:00:00 GMT\r\n\r\nno",
	"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + plainAnswer,
})

func TestEngine_DoesWhatThePlainPathDoes(t *testing.T) {
	next := make(chan string, 1)
	origin := startOrigin(t, func(v *caller, h heard) bool {
		text := <-next
		if strings.HasPrefix(h.line, "HEAD ") {
			text = strings.TrimSuffix(strings.TrimSuffix(text, "ok"), "no")
			text, _, _ = strings.Cut(text, "2\r\nok\r\n")
		}
		_, err := v.Write([]byte(text))
		return err == nil && !strings.Contains(text, "Connection: close")
	})
	o := Options{Legacy: origin.origin(), Table: always(decided{Visitor: "v1", NewVisitor: true})}
	edges := []*edge{startEdgeOn(t, false, o), startEdgeOn(t, true, o)}
	rapid.Check(t, func(rt *rapid.T) {
		text, answered := wellFormed.Draw(rt, "request"), answers.Draw(rt, "answer")
		method, _, _ := strings.Cut(text, " ")
		var gots []answer
		var heards []heard
		for _, e := range edges {
			next <- answered
			v := dial(t, e.address, text)
			a := v.answer(method)
			if a.StatusCode == http.StatusEarlyHints {
				a = v.answer(method)
			}
			gots, heards = append(gots, a), append(heards, origin.heard())
			require.NoError(rt, v.Close())
		}
		for i := range gots {
			delete(gots[i].Header, "Date") // a second may have passed
			delete(heards[i].header, "Traceparent")
			if heards[i].header.Get("Content-Length") == "0" {
				delete(heards[i].header, "Content-Length") // what has no body may say so
			}
		}
		require.Equal(rt, heards[0].line, heards[1].line)
		require.Equal(rt, heards[0].host, heards[1].host)
		require.Equal(rt, heards[0].header, heards[1].header)
		require.Equal(rt, heards[0].body, heards[1].body)
		require.Equal(rt, gots[0].StatusCode, gots[1].StatusCode)
		require.Equal(rt, gots[0].body, gots[1].body)
		require.Equal(rt, gots[0].Header, gots[1].Header)
		require.Equal(rt, gots[0].Trailer, gots[1].Trailer)
		require.Equal(rt, gots[0].ContentLength, gots[1].ContentLength)
	})
}
