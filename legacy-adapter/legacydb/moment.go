package legacydb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Moment is legacy as it was at one moment, the moment of the first question:
// later answers do not see what is written meanwhile. It holds a connection
// until it is closed.
type Moment struct {
	db     *DB
	tx     *sql.Tx
	ledger bool // banyan_ledger is there
}

// Moment opens one.
func (db *DB) Moment(ctx context.Context) (*Moment, error) {
	ledger, err := db.dialect.ledger(ctx) // before, as it takes a connection of its own
	if err != nil {
		return nil, err
	}
	o := &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
	if _, isSQLite := db.dialect.(*sqlite); isSQLite {
		o.Isolation = sql.LevelDefault // there is no other, and it is a snapshot
	}
	tx, err := db.SQL().BeginTx(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("look at legacy: %w", err)
	}
	return &Moment{db, tx, ledger}, nil
}

// Stock asks legacy what it had on hand. See DB.Stock.
func (m *Moment) Stock(ctx context.Context) (map[string]int, error) {
	return m.db.stock(ctx, m.tx)
}

// Has reports which of the orders legacy had. See DB.Has.
func (m *Moment) Has(ctx context.Context, ids []string) (map[string]bool, error) {
	has := make(map[string]bool, len(ids))
	for _, id := range ids {
		has[id] = false
	}
	if !m.ledger {
		return has, nil
	}
	return has, m.db.hasAll(ctx, m.tx, ids, has)
}

// Close gives the connection back.
func (m *Moment) Close() error {
	if err := m.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("end the look at legacy: %w", err)
	}
	return nil
}
