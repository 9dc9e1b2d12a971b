package rig

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// database is the legacy database of one run.
type database struct {
	address string
	file    string // SQLite's
	drop    func() error
}

// makeDatabase names a new SQLite file, or makes a database on the server.
func makeDatabase(ctx context.Context, o Options, w Way) (database, error) {
	if o.Database == "" {
		file, err := filepath.Abs(filepath.Join(o.Dir, "legacy.db"))
		return database{address: "sqlite:" + file, file: file}, err
	}
	u, err := url.Parse(o.Database)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return database{}, errors.New("the database is not a postgres:// address")
	}
	name := fmt.Sprintf("banyan_sale_%s_%d_%d", strings.ReplaceAll(string(w), "-", "_"), os.Getpid(), time.Now().UnixMilli())
	if err := execute(ctx, "pgx", o.Database, "CREATE DATABASE "+name); err != nil {
		return database{}, fmt.Errorf("make a database for the rehearsal: %w", err)
	}
	of := *u
	of.Path = "/" + name
	return database{address: of.String(), drop: func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := execute(ctx, "pgx", o.Database, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("drop the rehearsal's database %s: %w", name, err)
		}
		return nil
	}}, nil
}

// stock sets how many units there are of a SKU.
func (d database) stock(ctx context.Context, sku string, units int) error {
	driver, address, statement := "pgx", d.address, "UPDATE stock SET on_hand = $1 WHERE sku = $2"
	if d.file != "" {
		driver, address = "sqlite", "file:"+(&url.URL{Path: d.file}).EscapedPath()+"?mode=rw&_pragma=busy_timeout(10000)"
	}
	if err := execute(ctx, driver, address, statement, units, sku); err != nil {
		return fmt.Errorf("set the stock of %s: %w", sku, err)
	}
	return nil
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, driver, address, statement string, args ...any) error {
	db, err := sql.Open(driver, address)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement, args...)
	return errors.Join(err, db.Close())
}
