package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/certs"
)

// tlsFlags say how the storefront speaks TLS; without them it is plain HTTP, for
// whatever terminates TLS in front.
type tlsFlags struct {
	TLSCert       string   `help:"The storefront's certificate, PEM, with those between it and the root; read again when it changes." name:"tls-cert" type:"existingfile" placeholder:"FILE"`
	TLSKey        string   `help:"Its private key, PEM." name:"tls-key" type:"existingfile" placeholder:"FILE"`
	ACME          bool     `help:"Get the certificate by itself (Let's Encrypt, whose terms you thereby accept), for the storefront's name in banyan.yaml and --acme-host." name:"acme"`
	ACMEHost      []string `help:"Further names to get a certificate for." name:"acme-host" placeholder:"HOST"`
	ACMEEmail     string   `help:"Where the authority writes to when a renewal fails." name:"acme-email" placeholder:"ADDRESS"`
	ACMEDirectory string   `help:"Another ACME authority's directory." name:"acme-directory" placeholder:"URL"`
	PlainListen   string   `help:"Address that sends plain HTTP to https, and answers the ACME challenge; 0.0.0.0:80 for shoppers." name:"plain-listen" placeholder:"ADDR"`
}

// on reports whether the storefront speaks TLS.
func (f tlsFlags) on() bool { return f.TLSCert != "" || f.TLSKey != "" || f.ACME }

// check says what does not go together.
func (f tlsFlags) check() error {
	switch {
	case (f.TLSCert == "") != (f.TLSKey == ""):
		return badUsage("--tls-cert and --tls-key go together", "give both, or --acme")
	case f.TLSCert != "" && f.ACME:
		return badUsage("--tls-cert and --acme exclude each other", "leave one of them out")
	case !f.ACME && (len(f.ACMEHost) > 0 || f.ACMEEmail != "" || f.ACMEDirectory != ""):
		return badUsage("--acme-host, --acme-email and --acme-directory are for --acme", "add --acme")
	case !f.on() && f.PlainListen != "":
		return badUsage("--plain-listen sends shoppers to https, which is off", "give --tls-cert and --tls-key, or --acme")
	}
	return nil
}

// secure is what TLS needs while it is served.
type secure struct {
	keep  func(context.Context) error // has certificates by ACME; nil: none
	plain *http.Server                // nil: no plain listener
	at    net.Listener                // the plain listener
}

// openTLS puts TLS on the storefront's listener.
func (in *installation) openTLS(context.Context) error {
	flags := in.command.tlsFlags
	if err := flags.check(); err != nil || !flags.on() {
		return err
	}
	var err error
	if flags.PlainListen != "" {
		if in.secure.at, err = listen(flags.PlainListen, "--plain-listen"); err != nil {
			return err
		}
		in.onClose(ignoreClosed(in.secure.at.Close))
	}
	source, err := in.certificates()
	if err != nil {
		return withHint(err, "--tls-cert and --tls-key name PEM files; --acme needs storefront: in banyan.yaml, or --acme-host")
	}
	in.onClose(func() error { source.Close(); return nil })
	if in.secure.at != nil {
		_, port, _ := net.SplitHostPort(in.storefrontAt.Addr().String())
		in.secure.plain = &http.Server{
			Handler: source.Plain(portNumber(port)), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second,
			ErrorLog: slog.NewLogLogger(in.log.Handler(), slog.LevelDebug),
		}
	}
	in.storefrontAt = tls.NewListener(in.storefrontAt, source.TLS())
	return nil
}

// certificates returns where the storefront's certificates come from.
func (in *installation) certificates() (*certs.Source, error) {
	flags := in.command.tlsFlags
	if !flags.ACME {
		return certs.Files(certs.FileOptions{Certificate: flags.TLSCert, Key: flags.TLSKey, Logger: in.log})
	}
	hosts := flags.ACMEHost
	if u := in.table.Load().Config().StorefrontURL(); u != nil {
		hosts = append([]string{u.Hostname()}, hosts...)
	}
	o := certs.AutomaticOptions{Hosts: hosts, Data: in.place.Data, Email: flags.ACMEEmail, Directory: flags.ACMEDirectory,
		TLSAddress: in.storefrontAt.Addr().String(), Logger: in.log}
	if in.secure.at != nil {
		o.HTTPAddress = in.secure.at.Addr().String()
	}
	authority, err := certs.Automatic(o)
	if err != nil {
		return nil, err
	}
	in.secure.keep = authority.Keep
	return authority.Source, nil
}

// start serves the plain listener, and has the certificates. It is called when
// the storefront is served, for that answers the authority's challenge.
func (s *secure) start(ctx context.Context, in *installation) {
	if s.plain != nil {
		in.work.Go(func() {
			if err := s.plain.Serve(s.at); !errors.Is(err, http.ErrServerClosed) {
				in.failed <- fmt.Errorf("plain listener: %w", err)
			}
		})
	}
	if s.keep == nil {
		return
	}
	in.work.Go(func() {
		if err := s.keep(ctx); err != nil && ctx.Err() == nil {
			in.failed <- fmt.Errorf("certificates: %w", err)
		}
	})
}

// close ends the plain listener.
func (s *secure) close(ctx context.Context) error {
	if s.plain == nil {
		return nil
	}
	return s.plain.Shutdown(ctx)
}

// storefrontAddress is where browsers find the storefront.
func (in *installation) storefrontAddress() string {
	at := address(in.storefrontAt)
	if in.command.tlsFlags.on() {
		return "https" + strings.TrimPrefix(at, "http")
	}
	return at
}

// portNumber is a port in a listener's address, which has one.
func portNumber(text string) int {
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		return 443
	}
	return port
}
