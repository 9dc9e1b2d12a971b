package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// connectTimeout is how long reaching legacy may take.
const connectTimeout = 5 * time.Second

// answerHeaderBytes bounds the header of an answer.
const answerHeaderBytes = 256 << 10

// sender speaks to legacy.
type sender struct {
	origin      Origin
	prefix      string
	transport   *http.Transport
	answerBytes int64
}

// newSender makes a transport that sends nothing twice. net/http repeats a
// request on a kept-alive connection that died, where a header or the method
// promise that this is harmless; every sending has a connection of its own
// instead, which also tells for certain whether anything was sent.
func newSender(o Options) *sender {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: connectTimeout}
	return &sender{
		origin: o.Legacy, prefix: strings.TrimSuffix(o.Legacy.URL.EscapedPath(), "/"), answerBytes: o.AnswerBytes,
		transport: &http.Transport{
			DialContext: dialer.DialContext, Protocols: protocols, TLSHandshakeTimeout: connectTimeout,
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: answerHeaderBytes,
		},
	}
}

// delivery is what came of sending once.
type delivery struct {
	answer *Answer
	sent   bool // legacy may have got it
	err    error
}

// away reports whether legacy itself was not there, which is what the breaker
// counts.
func (d delivery) away() error {
	switch {
	case d.err != nil:
		return d.err
	case d.answer.fromGateway(), d.answer.Status == http.StatusServiceUnavailable:
		return fmt.Errorf("legacy answered %d", d.answer.Status)
	}
	return nil
}

// sentKey is the Idempotency-Key that legacy gets.
func (c *Capture) sentKey() string {
	if c.Key != "" {
		return c.Key
	}
	return c.ID
}

// send sends a capture to legacy, once.
func (s *sender) send(ctx context.Context, c *Capture) delivery {
	header := c.Header.Clone()
	if c.Key == "" {
		header.Set("Idempotency-Key", c.ID)
	}
	return s.ask(ctx, c, question{c.Method, c.Target, header, c.Body})
}

// question is one request to legacy.
type question struct {
	method, target string
	header         http.Header
	body           []byte
}

// ask sends a request and reads the whole answer.
func (s *sender) ask(ctx context.Context, c *Capture, q question) delivery {
	if s.origin.SecretHeader != "" {
		q.header.Set(s.origin.SecretHeader, s.origin.Secret)
	}
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req := (&http.Request{
		Method: q.method, URL: s.address(q.target), Host: s.host(c), Header: q.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody, ContentLength: int64(len(q.body)),
	}).WithContext(ctx)
	if len(q.body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(q.body))
	}
	res, err := s.transport.RoundTrip(req)
	if err != nil {
		return delivery{sent: connected.Load(), err: plain(err)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, s.answerBytes+1))
	if err != nil {
		return delivery{sent: true, err: fmt.Errorf("legacy's answer broke off: %w", plain(err))}
	}
	endToEnd(res.Header)
	answer := &Answer{Status: res.StatusCode, Header: res.Header, Body: body}
	if int64(len(body)) > s.answerBytes {
		answer.Body, answer.Cut = nil, true
	}
	return delivery{answer: answer, sent: true}
}

// address returns an address whose request line is the shopper's own, byte for
// byte.
func (s *sender) address(target string) *url.URL {
	return &url.URL{Scheme: s.origin.URL.Scheme, Host: s.origin.URL.Host, Opaque: s.prefix + target}
}

func (s *sender) host(c *Capture) string {
	switch s.origin.Host {
	case "", route.HostPreserve:
		return c.Host
	case route.HostOrigin:
		return s.origin.URL.Host
	}
	return s.origin.Host
}

func (s *sender) close() { s.transport.CloseIdleConnections() }

// plain leaves out of an error what url.Error puts before it: the target, which
// can hold what is the shopper's own.
func plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
