package edgetest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// secured returns a configuration for a listener, with HTTP/2.
func secured(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"shop.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"h2", "http/1.1"}}
}

// framed is an attack by HTTP/2, where nothing keeps a field from holding what
// would be a line end in HTTP/1.1.
type framed struct {
	name   string
	ref    string
	fields []string // name and value in turn; pseudo-fields that are missing are added
	body   string
	passes bool // it may reach the origin, as one request to /attack
	marks  []string
}

const refSequel = "Kettle, HTTP/2: The Sequel is Always Worse (2021)"

func framedAttacks() []framed {
	const inject = "x\r\nTransfer-Encoding: chunked\r\nX-Evil: evil"
	return []framed{
		{name: "H2.CL: a length that is too small", ref: refSequel + "; CVE-2021-21295 (Netty)", fields: []string{":method", "POST", "content-length", "0"}, body: smuggled, passes: true},
		{name: "H2.CL: a length that is too large", ref: refSequel, fields: []string{":method", "POST", "content-length", "500"}, body: smuggled},
		{name: "H2.CL: two lengths", ref: refSequel + "; CVE-2021-21409 (Netty)", fields: []string{":method", "POST", "content-length", "0", "content-length", fmt.Sprint(len(smuggled))}, body: smuggled, passes: true},
		{name: "H2.CL: a length with a sign", ref: refSequel, fields: []string{":method", "POST", "content-length", "+5"}, body: "hello", passes: true},
		{name: "H2.TE", ref: refSequel, fields: []string{":method", "POST", "transfer-encoding", "chunked"}, body: "0\r\n\r\n" + smuggled},
		{name: "H2.0: a body without a length", ref: refSequel, fields: []string{":method", "GET"}, body: smuggled, passes: true},
		{name: "line ends in a value", ref: refSequel, fields: []string{"x-a", inject}},
		{name: "a bare LF in a value", ref: refSequel, fields: []string{"x-a", "x\nX-Evil: evil"}},
		{name: "a bare CR in a value", ref: refSequel, fields: []string{"x-a", "x\rX-Evil: evil"}},
		{name: "a NUL in a value", ref: refSequel, fields: []string{"x-a", "x\x00evil"}},
		{name: "line ends in a name", ref: refSequel, fields: []string{"x-a: b\r\nx-evil", "evil"}},
		{name: "a colon in a name", ref: refSequel, fields: []string{"transfer-encoding: chunked\r\nx", "evil"}},
		{name: "a space in a name", ref: refSequel, fields: []string{"x evil", "evil"}},
		{name: "capitals in a name", ref: "RFC 9113 §8.2.1", fields: []string{"X-Evil", "evil"}},
		{name: "an empty name", ref: refGarden + ": H2O 2", fields: []string{"", "evil"}},
		{name: "line ends in the path", ref: refSequel, fields: []string{":path", "/attack HTTP/1.1\r\nHost: evil\r\n\r\nGET /smuggled"}},
		{name: "a space in the path", ref: refSequel, fields: []string{":path", "/attack HTTP/1.1 evil"}, marks: []string{"evil"}},
		{name: "an absolute path", ref: refSequel, fields: []string{":path", "http://evil.example/attack"}},
		{name: "a path without a slash", ref: refSequel, fields: []string{":path", "evil"}},
		{name: "an empty path", ref: "RFC 9113 §8.3.1", fields: []string{":path", ""}},
		{name: "two paths", ref: refSequel, fields: []string{":path", "/attack", ":path", "/smuggled"}},
		{name: "line ends in the method", ref: refSequel, fields: []string{":method", "GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\nGET"}},
		{name: "a space in the method", ref: refSequel, fields: []string{":method", "GET /evil"}},
		{name: "line ends in the scheme", ref: refSequel, fields: []string{":scheme", "https\r\nevil"}, passes: true},
		{name: "a scheme that is an address", ref: refSequel, fields: []string{":scheme", "http://evil/?"}, passes: true},
		{name: "line ends in the authority", ref: refSequel, fields: []string{":authority", "shop.example\r\nX-Evil: evil"}},
		{name: "userinfo in the authority", ref: "RFC 9113 §8.3.1", fields: []string{":authority", "evil@shop.example"}, marks: []string{"evil"}, passes: true},
		{name: "a path in the authority", ref: refSequel, fields: []string{":authority", "shop.example/evil"}},
		{name: "another host beside the authority", ref: "RFC 9113 §8.3.1; Chen and others (2016)", fields: []string{"host", "evil.example"}, passes: true},
		{name: "Connection", ref: "RFC 9113 §8.2.2", fields: []string{"connection", "x-forwarded-for"}, passes: true},
		{name: "Upgrade", ref: "RFC 9113 §8.2.2; Miller, h2c Smuggling (2020)", fields: []string{"upgrade", "h2c", "http2-settings", "evil"}, passes: true, marks: []string{"h2c"}},
		{name: "TE", ref: "RFC 9113 §8.2.2", fields: []string{"te", "chunked"}, passes: true},
		{name: "an unknown pseudo-field", ref: "RFC 9113 §8.3", fields: []string{":evil", "evil"}},
		{name: "a pseudo-field behind the fields", ref: "RFC 9113 §8.3", fields: []string{"x-a", "b", ":path", "/smuggled"}},
		{name: "CONNECT", ref: "RFC 9113 §8.5", fields: []string{":method", "CONNECT"}},
		{name: "claims of one's own", ref: "CVE-2026-39858, CVE-2026-88011 (Traefik)", fields: []string{"x-forwarded-for", "evil", "x_forwarded_for", "evil", "x.banyan.arm", "evil", "x-banyan-arm", "evil", "forwarded", "for=evil"}, passes: true},
		{name: "a length by an underscore", ref: "CVE-2026-88011 (Traefik)", fields: []string{":method", "POST", "content_length", "0"}, body: "hello", passes: true},
	}
}

// encode makes a header block, with nothing checked.
func (a framed) encode() []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	given := map[string]bool{}
	for i := 0; i < len(a.fields); i += 2 {
		given[a.fields[i]] = true
	}
	for _, usual := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "shop.example"}, {":path", "/attack"}} {
		if !given[usual[0]] || a.name == "a pseudo-field behind the fields" {
			_ = encoder.WriteField(hpack.HeaderField{Name: usual[0], Value: usual[1]})
		}
	}
	for i := 0; i < len(a.fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: a.fields[i], Value: a.fields[i+1]})
	}
	return block.Bytes()
}

// ask sends a request on an HTTP/2 connection of its own. The answer is its
// status and body, or nothing where the stream or the connection was ended.
func (a framed) ask(address string) (status, body string, err error) {
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: "shop.example", NextProtos: []string{"h2"}})
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if protocol := conn.ConnectionState().NegotiatedProtocol; protocol != "h2" {
		return "", "", fmt.Errorf("the handshake agreed on %q", protocol)
	}
	_, _ = io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings()
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: a.encode(), EndHeaders: true, EndStream: a.body == ""})
	if a.body != "" {
		_ = framer.WriteData(1, true, []byte(a.body))
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			if errors.Is(err, io.EOF) || isReset(err) {
				err = nil
			}
			return status, body, err
		}
		switch f := frame.(type) {
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return status, body, nil
		case *http2.MetaHeadersFrame:
			status = f.PseudoValue("status")
		case *http2.DataFrame:
			body += string(f.Data())
		}
		if frame.Header().StreamID == 1 && frame.Header().Flags.Has(http2.FlagDataEndStream) {
			return status, body, nil
		}
	}
}

func (a framed) run(t *testing.T, e engine) error {
	origin := startRecorder(t, nil)
	edge := e.startEdgeWith(t, proxy.Options{Legacy: origin.origin(), Limits: attackLimits}, secured(t))
	status, _, err := a.ask(edge.address)
	_, after, err2 := framed{fields: []string{":path", "/after"}}.ask(edge.address)
	if after != "GET /after" {
		err2 = fmt.Errorf("the next viewer got %q, %w", after, err2)
	}
	edge.stop()
	settled := origin.settle()
	passed := status != "" && status[0] < '4'
	if passed && !a.passes {
		err = fmt.Errorf("it was answered %s", status)
	}
	return errors.Join(err, err2, settled, a.judge(origin))
}

// judge looks at the bytes that the origin got.
func (a framed) judge(o *recorder) error {
	whole := 0
	for _, r := range o.records() {
		if r.err != nil {
			return fmt.Errorf("the origin got what %w: %q", r.err, r.raw)
		}
		for _, m := range r.messages {
			switch {
			case strings.Contains(m.line, " /after "):
			case m.whole && len(m.get("X-Banyan-Epoch")) != 1:
				return fmt.Errorf("the origin got a request that the edge never decided: %q", r.raw)
			case m.whole && !strings.Contains(m.line, " /attack "):
				return fmt.Errorf("the origin got %q", m.line)
			case m.whole:
				whole++
			}
		}
		head, _, _ := bytes.Cut(r.raw, []byte("\r\n\r\n"))
		for _, mark := range append(a.marks, "evil") {
			if bytes.Contains(bytes.ToLower(head), []byte(mark)) {
				return fmt.Errorf("the origin got %q: %q", mark, r.raw)
			}
		}
	}
	if whole > 1 || whole == 1 && !a.passes {
		return fmt.Errorf("the origin got %d requests", whole)
	}
	return nil
}

func TestAttacksByHTTP2_AreRefusedOrForwardedHarmlessly(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		known := knownFaults[e.name]
		for _, a := range framedAttacks() {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				err := a.run(t, e)
				if reason, listed := known["HTTP/2: "+a.name]; listed {
					require.Error(t, err, "this passes now; take it off the list of known faults, where it says: "+reason)
					return
				}
				require.NoError(t, err, "%s", a.ref)
			})
		}
	})
}
