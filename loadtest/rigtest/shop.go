package rigtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Shop is the sample legacy shop as a process of its own.
type Shop struct {
	*process
	URL string `json:"legacy"`
}

// NewShop starts "banyan legacy" on a database of 25 connections.
func NewShop(t testing.TB, binary, database string) *Shop {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &Shop{process: newProcess(t, binary, "legacy", "--json",
		"--listen", "127.0.0.1:"+strconv.Itoa(port), "--database", database, "--connections", "25")}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Start starts the shop again, at the same address.
func (s *Shop) Start() error { return s.process.Start(s) }

// Host returns host:port of the shop.
func (s *Shop) Host() string { return strings.TrimPrefix(s.URL, "http://") }

// Settings say what "banyan up" runs on.
type Settings struct {
	Binary   string
	Database string   // of legacy, as Banyan is to reach it
	Legacy   string   // address of a legacy shop; empty: the sample shop within
	Data     string   // data folder; empty: a fresh one
	Products []byte   // products.yaml; nil: the one that "banyan init" writes
	NoStock  bool     // legacy is not asked for its stock
	Flags    []string // more flags of "banyan up"
}

// Up is a running "banyan up".
type Up struct {
	*process
	binary, data, config string

	Storefront string `json:"storefront"`
	Console    string `json:"console"`
}

// NewUp writes a configuration that is the default one but for the settings,
// and starts "banyan up" on fixed ports.
func NewUp(t testing.TB, s Settings) *Up {
	t.Helper()
	if s.Data == "" {
		s.Data = filepath.Join(t.TempDir(), "data")
	}
	config, err := writeConfig(s)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"up", "--json", "--data", s.Data, "--config", config}
	for _, flag := range []string{"--listen", "--console"} {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, flag, "127.0.0.1:"+strconv.Itoa(port))
	}
	if s.Legacy != "" {
		args = append(args, "--legacy", s.Legacy)
	}
	u := &Up{process: newProcess(t, s.Binary, append(args, s.Flags...)...), binary: s.Binary, data: s.Data, config: config}
	if err := u.Start(); err != nil {
		t.Fatal(err)
	}
	return u
}

// writeConfig writes what "banyan init" writes, on the database of s.
func writeConfig(s Settings) (string, error) {
	init := exec.Command(s.Binary, "init", "--dir", s.Data)
	if out, err := init.CombinedOutput(); err != nil && !strings.Contains(string(out), "already") {
		return "", fmt.Errorf("banyan init: %w: %s", err, out)
	}
	path := filepath.Join(s.Data, "banyan.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	config = bytes.Replace(config, []byte("sqlite:legacy.db"), []byte(s.Database), 1)
	if s.NoStock {
		config = bytes.Replace(config, []byte("\n  stock: "), []byte("\n  # stock: "), 1)
	}
	if s.Products != nil {
		if err := os.WriteFile(filepath.Join(s.Data, "products.yaml"), s.Products, 0o644); err != nil {
			return "", err
		}
	}
	return path, os.WriteFile(path, config, 0o644)
}

// Start starts Banyan again, at the same addresses.
func (u *Up) Start() error { return u.process.Start(u) }

// Restart ends the process and starts it again with other flags in the place
// of those in Settings.Flags.
func (u *Up) Restart(drop string, flags ...string) error {
	u.Stop()
	var args []string
	for _, a := range u.args {
		if a != drop {
			args = append(args, a)
		}
	}
	u.args = append(args, flags...)
	return u.Start()
}

// Host returns host:port of the storefront.
func (u *Up) Host() string { return strings.TrimPrefix(u.Storefront, "http://") }

// Data returns the data folder.
func (u *Up) Data() string { return u.data }

// Ledger is what "banyan ledger --json" prints.
type Ledger struct {
	Accepted, Written, Waiting, Dead, Cancelled int64
	Balanced                                    bool
}

// Ledger runs "banyan ledger", as ops do. A ledger that does not balance is no
// error here; one that cannot be asked for is.
func (u *Up) Ledger() (l Ledger, err error) {
	cmd := exec.Command(u.binary, "ledger", "--json", "--data", u.data, "--config", u.config)
	cmd.Dir = u.data
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if len(bytes.TrimSpace(out)) > 0 {
		return l, json.Unmarshal(out, &l)
	}
	if err != nil {
		return l, fmt.Errorf("banyan ledger: %w: %s", err, stderr.String())
	}
	return l, fmt.Errorf("banyan ledger said nothing: %s", stderr.String())
}
