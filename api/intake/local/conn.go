package local

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	"modernc.org/sqlite"
)

// conn is the one connection that writes. It speaks to the driver without
// database/sql in between: the writer needs no pool, and at its rate the pool's
// bookkeeping costs as much as an insert.
type conn struct {
	dc driver.Conn
	statements
}

// checkpointPages is how long the WAL may grow before its pages go to the main
// file. Keys fall on pages at random, and a page that is written many times in
// between goes there once. 64 MiB was the best of what was measured: shorter
// costs a third of the throughput, longer makes the pause of one checkpoint
// (some 20 ms) longer.
const checkpointPages = 16 << 10

func writeDSN(path string, noSync bool) string {
	sync := "FULL"
	if noSync {
		sync = "OFF"
	}
	return dsn(path, url.Values{"_pragma": {
		"busy_timeout(5000)",
		"journal_mode(WAL)",
		"synchronous(" + sync + ")",
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages),
		"journal_size_limit(134217728)", // a WAL that a slow reader made long shrinks again
		"cache_size(-8192)",             // 8 MiB; more was not faster
	}})
}

// dsn is a file: URI, so that no character of the path is taken for something else.
func dsn(path string, query url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: query.Encode()}).String()
}

func openConn(dsn string) (*conn, error) {
	dc, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, err
	}
	c := &conn{dc: dc}
	if err := migrate(c); err != nil {
		return nil, errors.Join(err, dc.Close())
	}
	if c.statements, err = prepare(dc); err != nil {
		return nil, errors.Join(err, dc.Close())
	}
	return c, nil
}

// run executes one or several statements that take no arguments.
func (c *conn) run(sql string) error {
	_, err := c.dc.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return err
}

// queryInt returns the first column of the first row.
func (c *conn) queryInt(sql string) (n int64, err error) {
	err = c.query(sql, func(row []driver.Value) error {
		n, _ = row[0].(int64)
		return nil
	})
	return n, err
}

// query calls each with every row of a query that takes no arguments.
func (c *conn) query(sql string, each func(row []driver.Value) error) error {
	rows, err := c.dc.(driver.QueryerContext).QueryContext(context.Background(), sql, nil)
	if err != nil {
		return err
	}
	return drain(rows, each)
}

func drain(rows driver.Rows, each func(row []driver.Value) error) error {
	row := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(row)
		if err == nil {
			err = each(row)
		}
		if errors.Is(err, io.EOF) {
			return rows.Close()
		}
		if err != nil {
			return errors.Join(err, rows.Close())
		}
	}
}

func (c *conn) close() error {
	return errors.Join(c.statements.close(), c.dc.Close())
}
