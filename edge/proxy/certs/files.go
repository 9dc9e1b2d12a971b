package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// filePoll is how often certificate files are looked at. They change a few
// times a year, and some file systems give no sign of it.
const filePoll = 5 * time.Second

// FileOptions name certificate files, in PEM.
type FileOptions struct {
	Certificate string // required: the certificate, and those between it and the root behind it
	Key         string // required: its private key
	Logger      *slog.Logger
}

// Files returns a source that reads certificate files, and reads them again
// within five seconds of a change. Both are taken together or not at all: while
// one is new and the other not yet, or a file is away or broken, the last good
// certificate stays in use. It fails with ErrOptions where there is no good one
// to begin with.
func Files(o FileOptions) (*Source, error) {
	f := &files{options: o, log: logTo(o.Logger)}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if leaf := f.current.Load().Leaf; time.Now().After(leaf.NotAfter) {
		f.log.Warn("the certificate has ended; browsers will refuse it", "file", o.Certificate, "until", leaf.NotAfter)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		f.watch(stop)
	}()
	return &Source{
		get:       func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current.Load(), nil },
		challenge: func(next http.Handler) http.Handler { return next },
		covers:    func(host string) bool { return f.current.Load().Leaf.VerifyHostname(host) == nil },
		close: func() {
			close(stop)
			<-stopped
		},
	}, nil
}

// files are two files and the certificate that they last were.
type files struct {
	options FileOptions
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]

	mu      sync.Mutex
	sum     [sha256.Size]byte // of what was read last, good or bad
	failure string            // said once
}

// watch looks at the files until told to stop.
func (f *files) watch(stop <-chan struct{}) {
	ticks := time.NewTicker(filePoll)
	defer ticks.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticks.C:
			f.look()
		}
	}
}

// look reads the files, and says what came of it if that is new.
func (f *files) look() {
	before := f.current.Load()
	err := f.read()
	switch {
	case err == nil && f.current.Load() != before:
		leaf := f.current.Load().Leaf
		f.log.Info("certificate read anew", "file", f.options.Certificate, "names", leaf.DNSNames, "until", leaf.NotAfter)
	case err == nil:
	case err.Error() != f.failure:
		f.log.Warn("certificate files will not do; the last good certificate stays in use", "error", err, "until", before.Leaf.NotAfter)
	}
	f.failure = ""
	if err != nil {
		f.failure = err.Error()
	}
}

// read reads both files, and takes them if they are another certificate and a
// good one.
func (f *files) read() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	certificate, err := os.ReadFile(f.options.Certificate)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(f.options.Key)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(bytes.Join([][]byte{certificate, key}, []byte{0}))
	if sum == f.sum && f.current.Load() != nil {
		return nil
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("%s and %s: %w (both in PEM, the certificate first and then those that signed it)", f.options.Certificate, f.options.Key, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) && f.current.Load() != nil {
		return fmt.Errorf("%s ended on %s", f.options.Certificate, pair.Leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	f.sum = sum
	f.current.Store(&pair)
	return nil
}
