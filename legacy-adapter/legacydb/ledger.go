package legacydb

import (
	"context"
	"fmt"
	"strings"
)

// hasChunk is how many ids one question may hold; SQLite takes 32,766
// parameters and the others more.
const hasChunk = 1000

// Has reports which of the orders legacy has, by banyan_ledger. Every id asked
// for is in the answer.
func (db *DB) Has(ctx context.Context, ids []string) (map[string]bool, error) {
	has := make(map[string]bool, len(ids))
	for _, id := range ids {
		has[id] = false
	}
	there, err := db.dialect.ledger(ctx)
	if err != nil || !there {
		return has, err
	}
	return has, db.hasAll(ctx, db.SQL(), ids, has)
}

// hasAll marks those of the ids that are in banyan_ledger.
func (db *DB) hasAll(ctx context.Context, q querier, ids []string, has map[string]bool) error {
	for len(ids) > 0 {
		chunk := ids[:min(hasChunk, len(ids))]
		ids = ids[len(chunk):]
		if err := db.hasThese(ctx, q, chunk, has); err != nil {
			return fmt.Errorf("look up orders in the legacy ledger: %w", err)
		}
	}
	return nil
}

func (db *DB) hasThese(ctx context.Context, q querier, ids []string, has map[string]bool) error {
	parameters, args := make([]string, len(ids)), make([]any, len(ids))
	for i, id := range ids {
		parameters[i], args[i] = db.dialect.parameter(i+1), id
	}
	found, err := q.QueryContext(ctx,
		"SELECT order_id FROM banyan_ledger WHERE order_id IN ("+strings.Join(parameters, ",")+")", args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			return err
		}
		has[id] = true
	}
	return found.Err()
}
