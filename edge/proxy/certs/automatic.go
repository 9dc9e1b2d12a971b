package certs

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/certmagic"
)

// AutomaticOptions say how certificates are had by ACME.
type AutomaticOptions struct {
	Hosts []string // required: the names of the storefront
	Data  string   // required: the data folder; accounts, keys and certificates are kept under certificates in it
	Email string   // where the authority writes to when a renewal fails; may be empty
	// Directory is the address of the ACME directory; empty: Let's Encrypt's.
	// To use it is to agree to its terms.
	Directory string
	// Roots are trusted when the directory is asked; nil: the system's.
	Roots *x509.CertPool
	// HTTPAddress and TLSAddress are where the plain and the TLS listener of
	// this edge listen. The authority has to reach them at ports 80 and 443 of
	// every host; a challenge is made only for those that are given.
	HTTPAddress, TLSAddress string
	Logger                  *slog.Logger
}

// Authority is a Source that has its certificates from an ACME authority.
type Authority struct {
	*Source
	hosts  []string
	config *certmagic.Config
}

// Automatic returns a source of certificates by ACME. It asks nobody yet: the
// listeners have to be there before Keep is called, for they answer the
// authority's challenge. Nothing of it is global: storage, cache and
// configuration are this source's own.
func Automatic(o AutomaticOptions) (*Authority, error) {
	if len(o.Hosts) == 0 || o.Data == "" {
		return nil, fmt.Errorf("%w: automatic certificates need the storefront's names and a data folder", ErrOptions)
	}
	for _, host := range o.Hosts {
		if !certmagic.SubjectQualifiesForCert(host) || strings.Contains(host, "*") {
			return nil, fmt.Errorf("%w: no certificate can be had for %q by a challenge over HTTP; name the storefront's hosts one by one", ErrOptions, host)
		}
	}
	issuer, err := issuerOf(o)
	if err != nil {
		return nil, err
	}
	log := logTo(o.Logger)
	zapper := zapTo(log)
	issuer.Logger = zapper
	a := &Authority{hosts: o.Hosts}
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Logger:           zapper,
	})
	a.config = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: filepath.Join(o.Data, "certificates")},
		Logger:  zapper,
		OnEvent: (&events{log}).take,
	})
	acme := certmagic.NewACMEIssuer(a.config, issuer)
	a.config.Issuers = []certmagic.Issuer{acme}
	a.Source = &Source{
		get:       a.config.GetCertificate,
		protocols: []string{"acme-tls/1"},
		challenge: acme.HTTPChallengeHandler,
		covers:    func(host string) bool { return slices.Contains(o.Hosts, host) },
		close:     cache.Stop,
	}
	return a, nil
}

// issuerOf says how the authority is asked, and where its challenge is answered.
func issuerOf(o AutomaticOptions) (certmagic.ACMEIssuer, error) {
	issuer := certmagic.ACMEIssuer{
		CA: o.Directory, Email: o.Email, Agreed: true, TrustedRoots: o.Roots,
		DisableHTTPChallenge:    o.HTTPAddress == "",
		DisableTLSALPNChallenge: o.TLSAddress == "",
		// One edge has one data folder: the challenge is answered from memory.
		DisableDistributedSolvers: true,
	}
	if o.Directory == "" {
		issuer.CA = certmagic.LetsEncryptProductionCA
	}
	if o.HTTPAddress == "" && o.TLSAddress == "" {
		return issuer, fmt.Errorf("%w: automatic certificates need a listener that the authority can reach", ErrOptions)
	}
	for _, at := range []struct {
		address string
		port    *int
	}{{o.HTTPAddress, &issuer.AltHTTPPort}, {o.TLSAddress, &issuer.AltTLSALPNPort}} {
		if at.address == "" {
			continue
		}
		host, port, err := net.SplitHostPort(at.address)
		if err == nil {
			*at.port, err = strconv.Atoi(port)
		}
		if err != nil {
			return issuer, fmt.Errorf("%w: %q is not where a listener listens: %w", ErrOptions, at.address, err)
		}
		issuer.ListenHost = host
	}
	return issuer, nil
}

// Keep takes the certificates from the data folder, has those that are missing
// or about to end from the authority, and goes on doing so until the source is
// closed. It returns at once; what cannot be had is asked for again, ever less
// often, for thirty days.
func (a *Authority) Keep(ctx context.Context) error {
	if err := a.config.ManageAsync(ctx, a.hosts); err != nil {
		return fmt.Errorf("certs: keeping the certificates of %s: %w", strings.Join(a.hosts, ", "), err)
	}
	return nil
}

// Obtain is Keep for somebody who waits: it returns when every certificate is
// there, or with the first error.
func (a *Authority) Obtain(ctx context.Context) error {
	if err := a.config.ManageSync(ctx, a.hosts); err != nil {
		return fmt.Errorf("certs: getting the certificates of %s: %w (the authority has to reach this edge at ports 80 and 443)", strings.Join(a.hosts, ", "), err)
	}
	return nil
}
