package legacydb

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// mysqlConnector makes the pool's connections.
type mysqlConnector struct{ config *mysqldriver.Config }

// Driver is asked for by database/sql.
func (mysqlConnector) Driver() driver.Driver { return &mysqldriver.MySQLDriver{} }

// Connect bounds the greeting as well as the dialling, or else a server that is
// stopped would keep a place in the pool for ever.
func (c mysqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	inner, err := mysqldriver.NewConnector(c.config)
	if err != nil {
		return nil, err
	}
	conn, err := inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	link, ok := conn.(mysqlLink)
	if !ok {
		return nil, errors.Join(errors.New("connect to legacy: the driver is another than expected"), conn.Close())
	}
	made := &mysqlConn{mysqlLink: link, kept: make(map[string]mysqlStmt)}
	err = made.exec(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
	if err == nil {
		err = made.patient(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return made, nil
}

// mysqlLink is what the driver's connections can do.
type mysqlLink interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// mysqlConn is a connection and the statements prepared on it. The session
// works on it directly: database/sql's own COMMIT cannot be given up on, and a
// server that is stopped would hold the batch for ever.
type mysqlConn struct {
	mysqlLink
	kept    map[string]mysqlStmt // by text
	hurried bool                 // locks are hardly waited for
}

// mysqlStmt is a prepared statement.
type mysqlStmt struct {
	driver.Stmt
	returns bool // rows
}

// How long an order waits for a row that somebody else holds, in seconds, and
// how long for a table that is being altered. It is far less than the batch
// has, so that only the orders that need the row are deferred; the second order
// to wait in vain shows that more is locked than one row. MariaDB can then do
// without waiting; MySQL waits a second at least.
const (
	mysqlPatience       = 3
	mysqlNoPatience     = 0
	mysqlLittlePatience = 1
)

func (c *mysqlConn) lockWait(ctx context.Context, seconds int) error {
	return c.exec(ctx, fmt.Sprintf("SET SESSION innodb_lock_wait_timeout = %d, lock_wait_timeout = %d", seconds, seconds))
}

func (c *mysqlConn) patient(ctx context.Context) error {
	c.hurried = false
	return c.lockWait(ctx, mysqlPatience)
}

func (c *mysqlConn) hurry(ctx context.Context) error {
	if c.hurried {
		return nil
	}
	c.hurried = true
	err := c.lockWait(ctx, mysqlNoPatience)
	if mysqlNumber(err) != 0 {
		err = c.lockWait(ctx, mysqlLittlePatience)
	}
	return err
}

// exec runs a statement without parameters.
func (c *mysqlConn) exec(ctx context.Context, text string) error {
	_, err := c.ExecContext(ctx, text, nil)
	return err
}

func (c *mysqlConn) prepare(ctx context.Context, text string) (mysqlStmt, error) {
	stmt, err := c.PrepareContext(ctx, text)
	return mysqlStmt{stmt, mysqlReturns(text)}, err
}

// keep prepares a statement unless it is.
func (c *mysqlConn) keep(ctx context.Context, text string) error {
	if _, ok := c.kept[text]; ok {
		return nil
	}
	stmt, err := c.prepare(ctx, text)
	if err == nil {
		c.kept[text] = stmt
	}
	return err
}

// forget drops the prepared statements.
func (c *mysqlConn) forget() {
	for text, stmt := range c.kept {
		_ = stmt.Close() // where it cannot even be sent the connection is not used again
		delete(c.kept, text)
	}
}

// mysqlAnswer is what a statement changed or returned.
type mysqlAnswer struct {
	count int64
	row   map[string]any // the first one
	all   []string       // the first column of all, as text
}

// once prepares a statement, runs it and drops it.
func (c *mysqlConn) once(ctx context.Context, text string, args ...any) (mysqlAnswer, error) {
	stmt, err := c.prepare(ctx, text)
	if err != nil {
		return mysqlAnswer{}, err
	}
	answer, err := c.run(ctx, stmt, args)
	return answer, errors.Join(err, stmt.Close())
}

// mysqlID is the column of a row that was not returned but numbered.
const mysqlID = "id"

// run runs a prepared statement.
func (c *mysqlConn) run(ctx context.Context, stmt mysqlStmt, args []any) (a mysqlAnswer, err error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
		if err := c.CheckNamedValue(&values[i]); err != nil {
			return a, fmt.Errorf("value %d: %w", i+1, err)
		}
	}
	if stmt.returns {
		found, err := stmt.Stmt.(driver.StmtQueryContext).QueryContext(ctx, values)
		if err != nil {
			return a, err
		}
		return mysqlRows(found)
	}
	done, err := stmt.Stmt.(driver.StmtExecContext).ExecContext(ctx, values)
	if err != nil {
		return a, err
	}
	if a.count, err = done.RowsAffected(); err != nil {
		return a, err
	}
	id, err := done.LastInsertId()
	if id != 0 {
		a.row = map[string]any{mysqlID: id}
	}
	return a, err
}

// mysqlRows reads an answer to its end.
func mysqlRows(found driver.Rows) (a mysqlAnswer, err error) {
	defer func() { err = errors.Join(err, found.Close()) }()
	names := found.Columns()
	values := make([]driver.Value, len(names))
	for {
		if err := found.Next(values); errors.Is(err, io.EOF) {
			return a, nil
		} else if err != nil {
			return a, err
		}
		if a.count++; a.count == 1 {
			a.row = make(map[string]any, len(names))
			for i, name := range names {
				a.row[strings.ToLower(name)] = mysqlOwn(values[i])
			}
		}
		if len(values) > 0 {
			if text, ok := values[0].([]byte); ok {
				a.all = append(a.all, string(text))
			}
		}
	}
}

// mysqlOwn copies a value out of the driver's buffer.
func mysqlOwn(value driver.Value) any {
	switch v := value.(type) {
	case []byte:
		return bytes.Clone(v)
	case string:
		return strings.Clone(v)
	}
	return value
}
