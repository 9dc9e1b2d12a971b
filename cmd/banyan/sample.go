package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the sample shop's PostgreSQL
	_ "modernc.org/sqlite"             // and its SQLite

	"github.com/banyan-edge/banyan/api/shop"
	"github.com/banyan-edge/banyan/api/shop/fulfilment"
)

// sampleOptions are what the sample legacy shop runs with.
type sampleOptions struct {
	Database    string // sqlite:path or postgres://…; empty: sqlite:legacy.db
	Listen      string
	Latency     time.Duration
	Connections int
	Logger      *slog.Logger
}

// sampleShop is the existing shop of the demo: the same handlers as behind
// Lambda, but writing straight into the legacy database.
type sampleShop struct {
	url    string
	db     *sql.DB
	server *http.Server
	ended  chan error
}

// openSampleShop opens its database, fills it where it is new, and serves.
func openSampleShop(ctx context.Context, o sampleOptions) (*sampleShop, error) {
	if o.Database == "" {
		o.Database = "sqlite:legacy.db"
	}
	db, dialect, err := openSampleDatabase(o.Database)
	if err != nil {
		return nil, err
	}
	store := fulfilment.New(db, fulfilment.Options{Dialect: dialect, Latency: o.Latency, Connections: o.Connections})
	if err := store.Init(ctx, shop.Sample().Stocks()); err != nil {
		db.Close()
		return nil, withHint(fmt.Errorf("set up the sample shop's database %s: %w", redacted(o.Database), err), "is the database running, and may this user create tables there?")
	}
	l, err := listen(o.Listen, "--listen")
	if err != nil {
		db.Close()
		return nil, err
	}
	s := &sampleShop{url: address(l), db: db, ended: make(chan error, 1), server: &http.Server{
		Handler:           shop.New(shop.Options{Orders: store, Logger: o.Logger}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       75 * time.Second,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}}
	go func() { s.ended <- s.server.Serve(l) }()
	return s, nil
}

// close lets open requests finish.
func (s *sampleShop) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	return errors.Join(s.server.Shutdown(ctx), s.db.Close())
}

func openSampleDatabase(database string) (*sql.DB, fulfilment.Dialect, error) {
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate")
		return db, fulfilment.SQLite, err
	}
	db, err := sql.Open("pgx", database)
	return db, fulfilment.PostgreSQL, err
}

// redacted leaves the password out of a database's address.
func redacted(database string) string {
	scheme, rest, found := strings.Cut(database, "://")
	if at := strings.LastIndexByte(rest, '@'); found && at >= 0 {
		return scheme + "://…" + rest[at:]
	}
	return database
}
