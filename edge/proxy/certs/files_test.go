package certs_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/edge/proxy/certs"
)

func TestMain(m *testing.M) {
	// certmagic counts its requests to each authority for as long as the process
	// lives, and looks a last time, some seconds later, at a lock that it gave up.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).permit"),
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"))
}

// pair is a certificate that signs itself, and its key, both in PEM.
type pair struct{ certificate, key []byte }

// makePair makes one that is valid for a century, or ended long ago.
func makePair(t *testing.T, serial int64, end time.Time, names ...string) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "shop"}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: end, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

var (
	farAway = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	longAgo = time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC)
)

// write puts a pair into a folder.
func (p pair) write(t *testing.T, folder string) certs.FileOptions {
	t.Helper()
	o := certs.FileOptions{Certificate: filepath.Join(folder, "shop.pem"), Key: filepath.Join(folder, "shop.key")}
	require.NoError(t, os.WriteFile(o.Certificate, p.certificate, 0o600))
	require.NoError(t, os.WriteFile(o.Key, p.key, 0o600))
	return o
}

// serve serves a page over TLS.
func serve(t *testing.T, source *certs.Source) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{
		TLSConfig: source.TLS(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }),
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	return listener.Addr().String()
}

// dial makes a handshake.
func dial(address string, config *tls.Config) (tls.ConnectionState, error) {
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.ConnectionState(), nil
}

// trusting trusts a pair, and offers protocols.
func trusting(p pair, protocols ...string) *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.certificate)
	return &tls.Config{RootCAs: roots, ServerName: "shop.example", NextProtos: protocols}
}

func TestFiles_ServeHTTP2AndHTTP11FromTLS12On(t *testing.T) {
	own := makePair(t, 1, farAway, "shop.example", "www.shop.example")
	source, err := certs.Files(own.write(t, t.TempDir()))
	require.NoError(t, err)
	defer source.Close()
	address := serve(t, source)

	for _, c := range []struct{ offers, want string }{{"h2", "h2"}, {"http/1.1", "http/1.1"}} {
		state, err := dial(address, trusting(own, c.offers))
		require.NoError(t, err)
		require.Equal(t, c.want, state.NegotiatedProtocol)
		require.EqualValues(t, tls.VersionTLS13, state.Version)
	}
	twelve := trusting(own)
	twelve.MaxVersion = tls.VersionTLS12
	state, err := dial(address, twelve)
	require.NoError(t, err)
	require.EqualValues(t, tls.VersionTLS12, state.Version)
	require.Contains(t, tls.CipherSuiteName(state.CipherSuite), "ECDHE", "keys of today do not open tomorrow's records")
	eleven := trusting(own)
	eleven.MinVersion, eleven.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	_, err = dial(address, eleven)
	require.Error(t, err)

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(own), ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	res, err := client.Get("https://" + address)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, "HTTP/2.0", string(body))
}

// logged keeps what is said at info and above.
type logged struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

// said returns what has been said.
func (l *logged) said() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

func (l *logged) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (l *logged) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, text)
	return nil
}

func TestFiles_AreReadAnewWhenTheyChangeAndOnlyTogether(t *testing.T) {
	folder, log := t.TempDir(), &logged{Handler: slog.DiscardHandler}
	first, second := makePair(t, 1, farAway, "shop.example"), makePair(t, 2, farAway, "shop.example")
	o := first.write(t, folder)
	o.Logger = slog.New(log)
	synctest.Test(t, func(t *testing.T) {
		source, err := certs.Files(o)
		require.NoError(t, err)
		defer source.Close()
		inUse := func(serial int64) {
			t.Helper()
			time.Sleep(6 * time.Second) // the bubble's
			synctest.Wait()
			certificate, err := source.TLS().GetCertificate(&tls.ClientHelloInfo{})
			require.NoError(t, err)
			require.Equal(t, serial, certificate.Leaf.SerialNumber.Int64())
		}
		inUse(1)
		require.Empty(t, log.said())
		require.NoError(t, os.WriteFile(o.Certificate, second.certificate, 0o600))
		inUse(1)
		inUse(1)
		require.Len(t, log.said(), 1, "it is said once")
		require.Contains(t, log.said()[0], "the last good certificate stays in use")
		require.NoError(t, os.WriteFile(o.Key, second.key, 0o600))
		inUse(2)
		require.Contains(t, log.said()[1], "certificate read anew")

		require.NoError(t, os.Remove(o.Key))
		inUse(2)
		require.Contains(t, log.said()[2], "no such file")
		require.NoError(t, os.WriteFile(o.Key, []byte("no key"), 0o600))
		inUse(2)
		makePair(t, 3, longAgo, "shop.example").write(t, folder)
		inUse(2)
		require.Contains(t, log.said()[len(log.said())-1], "ended on 1995-01-01")
		first.write(t, folder)
		inUse(1)
		for _, line := range log.said() {
			require.NotContains(t, line, "PRIVATE")
		}
	})
}

func TestFiles_ThatWillNotDoAreRefusedAtOnce(t *testing.T) {
	good, other := makePair(t, 1, farAway, "a"), makePair(t, 2, farAway, "a")
	for name, p := range map[string]pair{
		"another's key": {good.certificate, other.key}, "no certificate": {nil, good.key}, "swapped": {good.key, good.certificate}, "no PEM": {[]byte("x"), []byte("y")},
	} {
		_, err := certs.Files(p.write(t, t.TempDir()))
		require.ErrorIs(t, err, certs.ErrOptions, name)
		require.Contains(t, err.Error(), "shop.pem", name)
	}
	_, err := certs.Files(certs.FileOptions{Certificate: "/nowhere/shop.pem", Key: "/nowhere/shop.key"})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPlain_SendsEverythingOfTheStorefrontToHTTPS(t *testing.T) {
	source, err := certs.Files(makePair(t, 1, farAway, "shop.example", "*.shop.example").write(t, t.TempDir()))
	require.NoError(t, err)
	defer source.Close()
	for _, c := range []struct {
		method, host, target string
		port, status         int
		location             string
	}{
		{"GET", "shop.example", "/a%2f?b=%zz", 443, 301, "https://shop.example/a%2f?b=%zz"},
		{"HEAD", "shop.example:80", "/", 443, 301, "https://shop.example/"},
		{"GET", "WWW.Shop.Example.", "/", 8443, 301, "https://www.shop.example:8443/"},
		{"POST", "shop.example", "/checkout", 443, 308, "https://shop.example/checkout"},
		{"GET", "127.0.0.1:8080", "/", 8443, 301, "https://127.0.0.1:8443/"},
		{"GET", "shop.example", "//evil.example/a", 443, 301, "https://shop.example//evil.example/a"},
		{"GET", "evil.example", "/", 443, 421, ""},
		{"GET", "shop.example.evil.example", "/", 443, 421, ""},
		{"GET", "", "/", 443, 421, ""},
		{"GET", "shop.example", "http://evil.example/", 443, 421, ""},
		{"OPTIONS", "shop.example", "*", 443, 421, ""},
	} {
		w := newRecorder()
		source.Plain(c.port).ServeHTTP(w, &http.Request{Method: c.method, Host: c.host, RequestURI: c.target})
		require.Equal(t, c.status, w.status, c)
		require.Equal(t, c.location, w.header.Get("Location"), c)
		require.False(t, strings.Contains(w.body, "href"))
	}
}

// recorder is an http.ResponseWriter that keeps exactly what it was told.
type recorder struct {
	header http.Header
	status int
	body   string
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(p []byte) (int, error) { r.body += string(p); return len(p), nil }
