package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// certificate writes a certificate for this machine, and returns who trusts it.
func certificate(t *testing.T) (cert, key string, roots *x509.CertPool) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(cert, text, 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	roots = x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	return cert, key, roots
}

func TestUp_SpeaksTLSAndHTTP2AndSendsPlainHTTPThere(t *testing.T) {
	cert, key, roots := certificate(t)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	plainAt := plain.Addr().String()
	require.NoError(t, plain.Close())
	s := up(t, t.TempDir(), "--tls-cert", cert, "--tls-key", key, "--plain-listen", plainAt)
	at, err := url.Parse(s.Storefront)
	require.NoError(t, err)
	require.Equal(t, "https", at.Scheme)

	for _, http2 := range []bool{false, true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2}
		if !http2 {
			transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		res, err := (&http.Client{Transport: transport}).Get(s.Storefront + "/shop/rods/muskie-casting-rod")
		require.NoError(t, err)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, map[bool]int{false: 1, true: 2}[http2], res.ProtoMajor)
		require.NoError(t, res.Body.Close())
		transport.CloseIdleConnections()
	}

	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := stay.Get("http://" + plainAt + "/shop?q=rod")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Contains(t, []int{301, 308}, res.StatusCode)
	require.Equal(t, s.Storefront+"/shop?q=rod", res.Header.Get("Location"))
}

func TestUp_SaysWhatOfTLSDoesNotGoTogether(t *testing.T) {
	cert, key, _ := certificate(t)
	for _, flags := range [][]string{
		{"--tls-cert", cert}, {"--tls-cert", cert, "--tls-key", key, "--acme"}, {"--acme-email", "ann@example.com"}, {"--plain-listen", "127.0.0.1:0"},
	} {
		var talk bytes.Buffer
		args := append([]string{"up", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}, flags...)
		require.Equal(t, exitUsage, run(t.Context(), args, terminal{Out: io.Discard, Err: &talk}), talk.String())
		require.Contains(t, talk.String(), "hint: ")
	}
}
