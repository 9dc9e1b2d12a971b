package certs

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"sync"
)

// ErrOptions says that a source cannot be made of what was given.
var ErrOptions = errors.New("certs: the settings will not do")

// Source gives the storefront's certificates. Close ends what keeps them fresh.
type Source struct {
	get       func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	protocols []string // beside those of HTTP
	challenge func(http.Handler) http.Handler
	covers    func(host string) bool
	close     func()
	once      sync.Once
}

// TLS returns a configuration for a listener. Each call gives one of its own;
// all follow the source's certificates.
func (s *Source) TLS() *tls.Config {
	return &tls.Config{
		GetCertificate: s.get,
		MinVersion:     tls.VersionTLS12,
		// Cipher suites and curves are Go's own choice, which is kept up to date
		// with what is known of them; those of TLS 1.3 are not to be chosen.
		NextProtos: append([]string{"h2", "http/1.1"}, s.protocols...),
	}
}

// Plain returns the handler of the plain-HTTP listener. It answers the ACME
// challenge where there is one, and sends everything else to the same address
// on https, at a port; 443 goes without saying. A host that is not the
// storefront's is sent nowhere.
func (s *Source) Plain(port int) http.Handler {
	return s.challenge(redirect{port: port, covers: s.covers})
}

// Close ends what keeps the certificates fresh. Those that are in use stay.
func (s *Source) Close() { s.once.Do(s.close) }

// logTo returns a logger, be it one that drops everything.
func logTo(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return logger
}
