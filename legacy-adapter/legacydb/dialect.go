package legacydb

import (
	"context"
	"database/sql"
	"strings"
)

// dialect is one kind of database. A further kind is one more implementation
// and one more line in dialectOf.
type dialect interface {
	// parameter writes the n-th parameter of a statement, from 1.
	parameter(n int) string
	// questionMarks reports whether a ? in a statement is a parameter.
	questionMarks() bool

	// open makes the pool and connects to nothing yet.
	open(db *DB) error
	// write writes the orders of a batch and decides every one of them.
	write(ctx context.Context, b *batch)
	// prepare tries a statement on the real schema and returns its columns,
	// nil where they cannot be told without running it.
	prepare(ctx context.Context, sql string) (columns []string, err error)
	// ledger reports whether banyan_ledger is there.
	ledger(ctx context.Context) (bool, error)
	// mayCreate reports whether banyan_ledger could be made.
	mayCreate(ctx context.Context) (bool, error)

	// sql is the pool for database/sql.
	sql() *sql.DB
	// classify says what an error means for the order it happened to.
	classify(err error) verdict
	close() error
}

// dialectOf chooses by the scheme of legacy.database.
func dialectOf(c Config) (dialect, *Problem) {
	scheme, rest, found := strings.Cut(c.Database, ":")
	problem := &Problem{File: c.File, Line: c.Line, Text: redacted(c.Database)}
	switch scheme {
	case "sqlite":
		if rest != "" {
			return &sqlite{path: rest}, nil
		}
		problem.Message, problem.Hint = "legacy.database names no file", "write sqlite:legacy.db"
		return nil, problem
	case "postgres", "postgresql":
		return &postgres{}, nil
	case "mysql", "mariadb":
		return &mysql{}, nil
	}
	problem.Message, problem.Hint = "legacy.database is of no known kind", "write sqlite:path, postgres://user@host/name or mysql://user@host/name"
	if !found && c.Database == "" {
		problem.Message = "legacy.database is missing"
	}
	return nil, problem
}

// redacted keeps the kind of a database and nothing that could be a secret.
func redacted(database string) string {
	scheme, rest, found := strings.Cut(database, ":")
	switch {
	case !found || scheme == "sqlite":
		return database
	case strings.Contains(rest, "@"):
		return scheme + "://…@" + rest[strings.LastIndex(rest, "@")+1:]
	}
	return database
}
