package rig

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"text/template"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

//go:embed banyan.yaml
var configuration embed.FS

// Options put up a Stage. Executable and Dir are required.
type Options struct {
	Executable  string        // this program
	Dir         string        // where files and logs go; it is made
	Database    string        // postgres://… of a server on which a database may be made; empty: SQLite
	Connections int           // of the database, all together; at least MinConnections
	Latency     time.Duration // for which a transaction that writes orders holds its connection
	Product     string        // the SKU that everybody wants
	Stock       int           // units of it; zero: what the sample shop has
}

// Stage is a storefront with its database.
type Stage struct {
	Way    Way
	Target string // what shoppers call the storefront
	Split  Split
	Truth  *truth.Database

	// Release starts Banyan anew, with its relay; nil but for a Backlog.
	Release func() error

	database       database
	console        atomic.Pointer[string] // nil: there is none now
	moving         sync.Mutex             // held while processes come and go
	legacy, banyan *process
}

// NewStage puts everything up. Where a step fails, what was started is ended.
func NewStage(ctx context.Context, o Options, w Way) (_ *Stage, err error) {
	s := &Stage{Way: w, Split: split(o.Connections, w)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the rehearsal's folder: %w", err)
	}
	if o.Dir, err = filepath.EvalSymlinks(o.Dir); err != nil { // /proc names files without
		return nil, fmt.Errorf("find the rehearsal's folder: %w", err)
	}
	if s.database, err = makeDatabase(ctx, o, w); err != nil {
		return nil, err
	}
	if err := s.startLegacy(o); err != nil {
		return nil, err
	}
	if o.Stock > 0 {
		if err := s.database.stock(ctx, o.Product, o.Stock); err != nil {
			return nil, err
		}
	}
	if s.Truth, err = truth.Open(s.database.address); err != nil {
		return nil, err
	}
	if w != Straight {
		err = s.startBanyan(o)
	}
	return s, err
}

func (s *Stage) startLegacy(o Options) (err error) {
	var says struct{ Legacy string }
	s.legacy, err = start(o.Executable, o.Dir, "legacy", []string{
		"legacy", "--json", "--listen", "127.0.0.1:0", "--database", s.database.address,
		"--connections", strconv.Itoa(s.Split.Shop), "--latency", o.Latency.String(),
	}, &says)
	s.Target = says.Legacy
	return err
}

func (s *Stage) startBanyan(o Options) error {
	config, err := s.configure(o)
	if err != nil {
		return err
	}
	args := []string{
		"up", "--json", "--data", filepath.Join(o.Dir, "data"), "--config", config, "--legacy", s.Target,
		"--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--legacy-latency", o.Latency.String(), "--log", "-", "--log-level", "warn",
	}
	up := func(args ...string) error {
		var says struct{ Storefront, Console string }
		s.banyan, err = start(o.Executable, o.Dir, "banyan", args, &says)
		s.Target = says.Storefront
		s.console.Store(&says.Console)
		return err
	}
	if s.Way != Backlog {
		return up(args...)
	}
	s.Release = func() error {
		s.moving.Lock()
		defer s.moving.Unlock()
		s.console.Store(nil)
		return errors.Join(s.banyan.stop(), up(args...))
	}
	return up(append(slices.Clone(args), "--hold-relay")...)
}

// configure writes the two files.
func (s *Stage) configure(o Options) (string, error) {
	page, err := template.ParseFS(configuration, "banyan.yaml")
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"AllLegacy": s.Way == AllLegacy, "Legacy": s.Target, "Database": s.database.address, "Connections": s.Split.Relay,
	})
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.Dir, "banyan.yaml")
	return path, errors.Join(
		os.WriteFile(path, out.Bytes(), 0o600),
		os.WriteFile(filepath.Join(o.Dir, "products.yaml"), []byte(o.Product+": serverless\n"), 0o600))
}

// Close ends the processes, shoppers' side first, and lets go of the database.
func (s *Stage) Close() error {
	s.moving.Lock()
	defer s.moving.Unlock()
	errs := []error{s.banyan.stop(), s.legacy.stop()}
	s.banyan, s.legacy = nil, nil
	if s.Truth != nil {
		errs = append(errs, s.Truth.Close())
	}
	if s.database.drop != nil {
		errs = append(errs, s.database.drop())
		s.database.drop = nil
	}
	return errors.Join(errs...)
}

// StopShop ends the processes and leaves the database open for the truth.
func (s *Stage) StopShop() error {
	s.moving.Lock()
	defer s.moving.Unlock()
	err := errors.Join(s.banyan.stop(), s.legacy.stop())
	s.banyan, s.legacy = nil, nil
	return err
}
