package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
)

// Redrive has a dead letter sent again; or, where it may have arrived, found
// out about first, by a lookup that was written or mended meanwhile. It returns
// order.ErrNotFound where there is no such dead letter.
func (s *Store) Redrive(_ context.Context, id string) error {
	err := s.writer.do(0, func(t *tx) error {
		seq, session, attempts, doubt, err := t.undead(id)
		if err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM answers WHERE seq = ?`, seq); err != nil {
			return err
		}
		err = t.exec(`INSERT INTO queue (seq, session, first, state, told, doubt, attempts) VALUES (?, ?, 0, ?, 1, ?, ?)`,
			seq, session, 2*doubt, doubt, attempts)
		if err != nil {
			return err
		}
		if err := t.exec(`UPDATE queue SET first = 0 WHERE session = ? AND state <> 1`, session); err != nil {
			return err
		}
		return t.exec(`UPDATE queue SET first = 1 WHERE seq = (SELECT min(seq) FROM queue WHERE session = ?)
			AND NOT EXISTS (SELECT 1 FROM queue WHERE session = ? AND first = 1)`, session, session)
	})
	if err == nil {
		s.signal()
		return nil
	}
	return fmt.Errorf("redrive captured request %s: %w", id, err)
}

// Drop gives a dead letter up: it counts as cancelled.
func (s *Store) Drop(_ context.Context, id, why string) error {
	err := s.writer.do(0, func(t *tx) error {
		seq, _, attempts, doubt, err := t.undead(id)
		if err != nil {
			return err
		}
		if err := t.exec(`UPDATE ledger SET cancelled = cancelled + 1`); err != nil {
			return err
		}
		return t.exec(`INSERT INTO ended (seq, state, attempts, at, doubt, cause) VALUES (?, 4, ?, ?, ?, ?)`, seq, attempts, s.now().UnixNano(), doubt, why)
	})
	if err != nil {
		return fmt.Errorf("drop captured request %s: %w", id, err)
	}
	return nil
}

// undead takes a dead letter out of where the dead are.
func (t *tx) undead(id string) (seq int64, session string, attempts, doubt int64, err error) {
	err = t.row(`DELETE FROM ended WHERE state = 5 AND seq = (SELECT seq FROM requests WHERE id = ?)
		RETURNING seq, attempts, doubt, (SELECT session FROM requests r WHERE r.seq = ended.seq)`, []any{id}, &seq, &attempts, &doubt, &session)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", 0, 0, order.ErrNotFound
	}
	if err != nil {
		return 0, "", 0, 0, err
	}
	return seq, session, attempts, doubt, t.exec(`UPDATE ledger SET dead = dead - 1`)
}
