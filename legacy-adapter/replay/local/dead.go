package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// byLegacy is who makes a dead letter of a request.
const byLegacy = "legacy"

// letter is a dead letter that is being mended.
type letter struct {
	seq, attempts int64
	doubt         bool
	session       string
	cause         string
}

// Redrive has a dead letter sent again; or, where it may have arrived, found
// out about first, by a lookup that was written or mended meanwhile. It returns
// order.ErrNotFound where there is no such request, and replay.ErrNotDead.
func (s *Store) Redrive(_ context.Context, id string, by replay.Act) error {
	err := s.writer.do(0, func(t *tx) error {
		d, err := t.undead(id)
		if err != nil {
			return err
		}
		if err := t.noteAct(d, s.now(), replay.Redriven, by); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM answers WHERE seq = ?`, d.seq); err != nil {
			return err
		}
		state := replay.Waiting
		if d.doubt {
			state = replay.Unknown
		}
		err = t.exec(`INSERT INTO queue (seq, session, first, state, told, doubt, attempts) VALUES (?, ?, 0, ?, 1, ?, ?)`,
			d.seq, d.session, int64(state), d.doubt, d.attempts)
		if err != nil {
			return err
		}
		if err := t.exec(`UPDATE queue SET first = 0 WHERE session = ? AND state <> 1`, d.session); err != nil {
			return err
		}
		return t.exec(`UPDATE queue SET first = 1 WHERE seq = (SELECT min(seq) FROM queue WHERE session = ?)
			AND NOT EXISTS (SELECT 1 FROM queue WHERE session = ? AND first = 1)`, d.session, d.session)
	})
	if err == nil {
		s.signal()
		return nil
	}
	return fmt.Errorf("redrive captured request %s: %w", id, err)
}

// Drop gives a dead letter up: it counts as cancelled. Errors are as Redrive's.
func (s *Store) Drop(_ context.Context, id string, by replay.Act) error {
	err := s.writer.do(0, func(t *tx) error {
		d, err := t.undead(id)
		if err != nil {
			return err
		}
		if err := t.noteAct(d, s.now(), replay.Dropped, by); err != nil {
			return err
		}
		if err := t.exec(`UPDATE ledger SET cancelled = cancelled + 1`); err != nil {
			return err
		}
		return t.exec(`INSERT INTO ended (seq, state, attempts, at, doubt, cause) VALUES (?, ?, ?, ?, ?, ?)`,
			d.seq, int64(replay.Cancelled), d.attempts, s.now().UnixNano(), d.doubt, by.Why)
	})
	if err != nil {
		return fmt.Errorf("drop captured request %s: %w", id, err)
	}
	return nil
}

// Edit gives a dead letter another body. One that legacy may have carried out
// as it was is not changed: replay.ErrMayBeThere. Other errors are as Redrive's.
func (s *Store) Edit(_ context.Context, id string, body []byte, by replay.Act) error {
	err := s.writer.do(len(body), func(t *tx) error {
		d, err := t.letter(id)
		if err != nil {
			return err
		}
		if d.doubt {
			return replay.ErrMayBeThere
		}
		var before []byte
		if err := t.row(`SELECT body FROM requests WHERE seq = ?`, []any{d.seq}, &before); err != nil {
			return err
		}
		err = t.note(d.seq, entry{replay.AuditEntry{At: s.now(), Action: replay.Edited, Who: by.Who, Why: by.Why, Cause: d.cause}, before})
		if err != nil {
			return err
		}
		return t.exec(`UPDATE requests SET body = ? WHERE seq = ?`, body, d.seq)
	})
	if err != nil {
		return fmt.Errorf("edit captured request %s: %w", id, err)
	}
	return nil
}

// NoteCheck notes what asking legacy about a dead letter found.
func (s *Store) NoteCheck(_ context.Context, id, words string, by replay.Act) error {
	err := s.writer.do(0, func(t *tx) error {
		d, err := t.letter(id)
		if err != nil {
			return err
		}
		return t.note(d.seq, entry{replay.AuditEntry{At: s.now(), Action: replay.Checked, Who: by.Who, Why: by.Why, Cause: words}, nil})
	})
	if err != nil {
		return fmt.Errorf("note the check of captured request %s: %w", id, err)
	}
	return nil
}

// letter finds a dead letter.
func (t *tx) letter(id string) (d letter, err error) {
	var seq int64
	err = t.row(`SELECT seq, session FROM requests WHERE id = ?`, []any{id}, &seq, &d.session)
	if errors.Is(err, sql.ErrNoRows) {
		return d, order.ErrNotFound
	}
	if err != nil {
		return d, err
	}
	err = t.row(`SELECT seq, attempts, doubt, cause FROM ended WHERE state = 5 AND seq = ?`, []any{seq}, &d.seq, &d.attempts, &d.doubt, &d.cause)
	if errors.Is(err, sql.ErrNoRows) {
		return d, replay.ErrNotDead
	}
	return d, err
}

// undead takes a dead letter out of where the dead are.
func (t *tx) undead(id string) (letter, error) {
	d, err := t.letter(id)
	if err != nil {
		return d, err
	}
	if err := t.exec(`DELETE FROM ended WHERE seq = ?`, d.seq); err != nil {
		return d, err
	}
	return d, t.exec(`UPDATE ledger SET dead = dead - 1`)
}
