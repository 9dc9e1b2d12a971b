package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// Settings are what the environment says.
type Settings struct {
	Queue       string // the order queue's URL; required (BANYAN_QUEUE)
	DeadLetters string // its dead-letter queue's URL; required (BANYAN_DEAD_LETTERS)
	Table       string // the DynamoDB table; required (BANYAN_TABLE)
	Bucket      string // of bodies too large for a message; empty: none (BANYAN_BUCKET)
	Listings    bool   // the queue is that of sellers' listings (BANYAN_CARRIES=listings); else of orders

	// Legacy is the legacy section of banyan.yaml: of the file that BANYAN_CONFIG
	// names, banyan.yaml beside the function unless it is set, or the section
	// itself, without its key, in BANYAN_LEGACY.
	Legacy legacydb.Config
	// LegacySecret is the secret in Secrets Manager that holds the database's
	// address, postgres://… or mysql://…, and counts more than what the legacy
	// section says (BANYAN_LEGACY_SECRET); empty: none.
	LegacySecret string
	// Connections is how many one environment holds at most
	// (BANYAN_LEGACY_CONNECTIONS); zero: 1.
	Connections int
	// Concurrency is the maximum concurrency of the event source mapping
	// (BANYAN_CONCURRENCY); zero: not known.
	Concurrency int

	// Metrics is the namespace of the function's metrics, Banyan/NAME; empty: it
	// tells none (BANYAN_METRICS). Traces are OpenTelemetry's own variables, see
	// telemetry.ReadOTLP.
	Metrics string

	RuntimeAPI string // where Lambda is (AWS_LAMBDA_RUNTIME_API); Lambda sets it

	getenv func(string) string
}

// settingsError is a bad setting and what to do about it.
type settingsError struct{ text, hint string }

func (e *settingsError) Error() string { return e.text }

// Hint says what to do.
func (e *settingsError) Hint() string { return e.hint }

func readSettings(getenv func(string) string) (Settings, error) {
	s := Settings{
		Queue: getenv("BANYAN_QUEUE"), DeadLetters: getenv("BANYAN_DEAD_LETTERS"),
		Table: getenv("BANYAN_TABLE"), Bucket: getenv("BANYAN_BUCKET"),
		LegacySecret: getenv("BANYAN_LEGACY_SECRET"), RuntimeAPI: getenv("AWS_LAMBDA_RUNTIME_API"),
		Metrics: getenv("BANYAN_METRICS"), getenv: getenv,
	}
	for _, required := range []struct{ name, value, what string }{
		{"BANYAN_QUEUE", s.Queue, "the URL of the order queue"},
		{"BANYAN_DEAD_LETTERS", s.DeadLetters, "the URL of its dead-letter queue"},
		{"BANYAN_TABLE", s.Table, "the name of the DynamoDB table"},
	} {
		if required.value == "" {
			return s, &settingsError{required.name + " is not set", "set it to " + required.what}
		}
	}
	var err error
	if s.Listings, err = readCarries(getenv("BANYAN_CARRIES")); err != nil {
		return s, err
	}
	if s.Connections, err = count(getenv, "BANYAN_LEGACY_CONNECTIONS"); err != nil {
		return s, err
	}
	s.Connections = max(1, s.Connections)
	if s.Concurrency, err = count(getenv, "BANYAN_CONCURRENCY"); err != nil {
		return s, err
	}
	if s.Legacy, err = readLegacy(getenv); err != nil {
		return s, err
	}
	return s, s.keepBudget()
}

// keepBudget checks that all environments together stay within the budget, and
// makes this one's share the limit of its pool.
func (s *Settings) keepBudget() error {
	if all := s.Connections * max(1, s.Concurrency); all > s.Legacy.Connections {
		return &settingsError{
			fmt.Sprintf("%d connections in each of %d environments are %d, and legacy.connections is %d",
				s.Connections, max(1, s.Concurrency), all, s.Legacy.Connections),
			"lower the mapping's maximum concurrency (2 is the least) or BANYAN_LEGACY_CONNECTIONS; for a budget of 1 run the relay as a process",
		}
	}
	s.Legacy.Connections = s.Connections
	return nil
}

// count reads a number from 1 on; zero where it is not set.
func count(getenv func(string) string, name string) (int, error) {
	text := getenv(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, &settingsError{fmt.Sprintf("%s is %q", name, text), "set it to a whole number from 1 on"}
	}
	return n, nil
}

func readLegacy(getenv func(string) string) (legacydb.Config, error) {
	file, folder := "BANYAN_LEGACY", getenv("LAMBDA_TASK_ROOT")
	var section ast.Node
	if text := getenv(file); text != "" {
		doc, err := parser.ParseBytes([]byte(text), 0)
		if err != nil {
			return legacydb.Config{}, fmt.Errorf("read BANYAN_LEGACY: %w", err)
		}
		if len(doc.Docs) > 0 {
			section = doc.Docs[0].Body
		}
	} else {
		if file = getenv("BANYAN_CONFIG"); file == "" {
			file = filepath.Join(folder, "banyan.yaml")
		}
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return legacydb.Config{}, &settingsError{"there is no " + file, "put banyan.yaml into the zip, or name it in BANYAN_CONFIG"}
		}
		if err != nil {
			return legacydb.Config{}, fmt.Errorf("read banyan.yaml: %w", err)
		}
		cfg, findings := route.ReadConfig(file, text)
		if err := findings.Err(); err != nil {
			return legacydb.Config{}, err
		}
		section, folder = cfg.Legacy, filepath.Dir(file)
	}
	if section == nil {
		return legacydb.Config{}, &settingsError{file + " has no legacy section", `write how an order becomes rows, see "banyan init"`}
	}
	c, err := legacydb.ParseConfig(file, section)
	if err != nil {
		return c, fmt.Errorf("read the legacy section: %w", err)
	}
	c.Database = beside(folder, c.Database)
	return c, nil
}

// beside puts a database that is a file beside the configuration unless its
// path is absolute.
func beside(folder, database string) string {
	path, ok := strings.CutPrefix(database, "sqlite:")
	if !ok || filepath.IsAbs(path) {
		return database
	}
	return "sqlite:" + filepath.Join(folder, path)
}
