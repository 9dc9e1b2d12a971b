package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/banyan-edge/banyan/edge/proxy/certs"
)

// pebbleModule is Let's Encrypt's own ACME server for tests.
const pebbleModule = "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1"

// findPebble returns the program, built once a machine.
func findPebble(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("pebble"); err == nil {
		return path
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	folder := filepath.Join(cache, "banyan-test", "pebble-v2.10.1")
	program := filepath.Join(folder, "pebble")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	build := exec.Command("go", "install", pebbleModule)
	build.Dir = t.TempDir() // outside of this module
	build.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("there is no pebble, and %s cannot be built: %v\n%s", pebbleModule, err, out)
	}
	return program
}

// ports returns addresses where nobody listens.
func ports(t *testing.T, n int) (addresses []string) {
	t.Helper()
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses
}

// portOf returns an address's port.
func portOf(t *testing.T, address string) int {
	t.Helper()
	resolved, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	return resolved.Port
}

// startNames answers every question for an address with this machine's, over
// TCP, which is how the authority asks.
func startNames(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = listener.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			answerName(conn)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

// answerName answers one question (RFC 1035 §4.2.2).
func answerName(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	question := make([]byte, binary.BigEndian.Uint16(length[:]))
	var m dnsmessage.Message
	if _, err := io.ReadFull(conn, question); err != nil || m.Unpack(question) != nil || len(m.Questions) != 1 {
		return
	}
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	if q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	if packed, err := m.Pack(); err == nil {
		_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...))
	}
}

// startPebble starts an ACME authority that reaches the storefront at the two
// addresses. It returns its directory, and who to trust when asking it.
func startPebble(t *testing.T, plain, secure string) (directory string, roots *x509.CertPool) {
	t.Helper()
	program, folder, at := findPebble(t), t.TempDir(), ports(t, 2)
	own := makePair(t, 1, farAway, "localhost")
	files := own.write(t, folder)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": at[0], "managementListenAddress": at[1], "certificate": files.Certificate, "privateKey": files.Key,
		"httpPort": portOf(t, plain), "tlsPort": portOf(t, secure), "keyAlgorithm": "ecdsa", "retryAfter": map[string]int{"authz": 1, "order": 1},
	}})
	require.NoError(t, err)
	path := filepath.Join(folder, "pebble.json")
	require.NoError(t, os.WriteFile(path, config, 0o600))
	command := exec.Command(program, "-config", path, "-dnsserver", startNames(t))
	command.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(own.certificate)
	require.Eventually(t, func() bool {
		conn, err := tls.Dial("tcp", at[0], &tls.Config{RootCAs: roots})
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	return "https://" + at[0] + "/dir", roots
}

// listen starts both listeners of an edge at given addresses.
func listen(t *testing.T, source *certs.Source, plain, secure string) {
	t.Helper()
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	on, err := net.Listen("tcp", secure)
	require.NoError(t, err)
	over := &http.Server{Handler: page, TLSConfig: source.TLS(), ErrorLog: quiet}
	onPlain, err := net.Listen("tcp", plain)
	require.NoError(t, err)
	under := &http.Server{Handler: source.Plain(portOf(t, secure)), ErrorLog: quiet}
	served := make(chan struct{}, 2)
	go func() { _ = over.ServeTLS(on, "", ""); served <- struct{}{} }()
	go func() { _ = under.Serve(onPlain); served <- struct{}{} }()
	t.Cleanup(func() {
		_, _ = over.Close(), under.Close()
		<-served
		<-served
	})
}

func TestAutomatic_CertificateIsHadFromAnAuthorityByEitherChallenge(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts an ACME authority")
	}
	at := ports(t, 2)
	plain, secure := at[0], at[1]
	directory, roots := startPebble(t, plain, secure)
	for name, o := range map[string]certs.AutomaticOptions{
		"over HTTP": {HTTPAddress: plain}, "over TLS": {TLSAddress: secure}, "over either": {HTTPAddress: plain, TLSAddress: secure},
	} {
		t.Run(name, func(t *testing.T) {
			log := &logged{Handler: slog.DiscardHandler}
			o.Hosts, o.Data, o.Email, o.Directory, o.Roots = []string{"shop.example"}, t.TempDir(), "ops@shop.example", directory, roots
			o.Logger = slog.New(log)
			source, err := certs.Automatic(o)
			require.NoError(t, err)
			defer source.Close()
			listen(t, source.Source, plain, secure)
			require.NoError(t, source.Obtain(t.Context()))

			state, err := dial(secure, &tls.Config{InsecureSkipVerify: true, ServerName: "shop.example", NextProtos: []string{"h2"}})
			require.NoError(t, err)
			require.Equal(t, "h2", state.NegotiatedProtocol)
			require.Contains(t, state.PeerCertificates[0].Issuer.CommonName, "Pebble")
			require.NoError(t, state.PeerCertificates[0].VerifyHostname("shop.example"))
			require.Contains(t, strings.Join(log.said(), "\n"), "certificate obtained host=shop.example")

			kept, err := certs.Automatic(o)
			require.NoError(t, err)
			defer kept.Close()
			require.NoError(t, kept.Keep(t.Context()))
			address := serve(t, kept.Source)
			require.Eventually(t, func() bool {
				later, err := dial(address, &tls.Config{InsecureSkipVerify: true, ServerName: "shop.example"})
				return err == nil && later.PeerCertificates[0].SerialNumber.Cmp(state.PeerCertificates[0].SerialNumber) == 0
			}, 20*time.Second, 10*time.Millisecond, "it is taken from the data folder")
		})
	}
}

func TestAutomatic_PlainListenerSendsTheRestToHTTPS(t *testing.T) {
	source, err := certs.Automatic(certs.AutomaticOptions{Hosts: []string{"shop.example"}, Data: t.TempDir(), HTTPAddress: ":80"})
	require.NoError(t, err)
	defer source.Close()
	for host, want := range map[string]recorder{
		"shop.example": {status: http.StatusMovedPermanently, header: http.Header{"Location": {"https://shop.example/a"}}},
		"evil.example": {status: http.StatusMisdirectedRequest},
	} {
		r, err := http.NewRequest("GET", "http://"+host+"/a", nil)
		require.NoError(t, err)
		r.RequestURI = "/a"
		w := newRecorder()
		source.Plain(443).ServeHTTP(w, r)
		require.Equal(t, want.status, w.status, host)
		require.Equal(t, want.header.Get("Location"), w.header.Get("Location"))
	}
}

func TestAutomatic_OptionsThatWillNotDoAreRefused(t *testing.T) {
	for name, o := range map[string]certs.AutomaticOptions{
		"no host": {Data: "x", HTTPAddress: ":80"}, "no folder": {Hosts: []string{"a.example"}, HTTPAddress: ":80"}, "no listener": {Hosts: []string{"a.example"}, Data: "x"},
		"a wildcard": {Hosts: []string{"*.a.example"}, Data: "x", HTTPAddress: ":80"}, "no name": {Hosts: []string{""}, Data: "x", HTTPAddress: ":80"},
		"no port": {Hosts: []string{"a.example"}, Data: "x", HTTPAddress: "localhost"},
	} {
		_, err := certs.Automatic(o)
		require.ErrorIs(t, err, certs.ErrOptions, name)
	}
}
