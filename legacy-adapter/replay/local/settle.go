package local

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// Begin notes that a capture is about to be sent.
func (s *Store) Begin(_ context.Context, seq int64, at time.Time) error {
	err := s.writer.do(0, func(t *tx) error {
		n, err := t.change(`UPDATE queue SET state = 1, attempts = attempts + 1, sent_at = ? WHERE seq = ? AND first = 1 AND state = 0`, at.UnixNano(), seq)
		if err == nil && n == 0 {
			err = order.ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("begin to send: %w", err)
	}
	return nil
}

// Settle records what became of a capture. Settling one that has ended changes
// nothing.
func (s *Store) Settle(_ context.Context, st replay.Settlement) (done replay.Settled, err error) {
	bytes := 0
	if st.Answer != nil {
		bytes = len(st.Answer.Body)
	}
	err = s.writer.do(bytes, func(t *tx) (err error) {
		done, err = t.settle(st)
		return err
	})
	if err != nil {
		return replay.Settled{}, fmt.Errorf("settle a captured request: %w", err)
	}
	return done, nil
}

func (t *tx) settle(st replay.Settlement) (replay.Settled, error) {
	if !st.State.Ended() {
		err := t.exec(`UPDATE queue SET state = ?, doubt = max(doubt, ?), due_at = ?, cause = ?, failures = failures + ?,
			failing_since = CASE WHEN ? AND failing_since = 0 THEN ? ELSE failing_since END WHERE seq = ?`,
			int64(st.State), st.Sent, nanos(st.DueAt), st.Cause, st.Failed, st.Failed, nanos(st.At), st.Seq)
		return replay.Settled{State: st.State}, err
	}
	var told, doubt bool
	var attempts int64
	var session string
	err := t.row(`DELETE FROM queue WHERE seq = ? RETURNING told, max(doubt, ?), attempts, session`, []any{st.Seq, st.Sent}, &told, &doubt, &attempts, &session)
	if errors.Is(err, sql.ErrNoRows) {
		return t.settledBefore(st)
	}
	if err != nil {
		return replay.Settled{}, err
	}
	done := replay.Settled{State: st.State}
	if st.Refused && told {
		done.State = replay.Dead
	}
	err = t.exec(`INSERT INTO ended (seq, state, attempts, at, doubt, cause) VALUES (?, ?, ?, ?, ?, ?)`,
		st.Seq, int64(done.State), attempts, st.At.UnixNano(), doubt && !st.Refused, st.Cause)
	if err != nil {
		return done, err
	}
	if err := t.exec(countEnded[done.State]); err != nil {
		return done, err
	}
	if done.State == replay.Dead {
		err := t.note(st.Seq, entry{replay.AuditEntry{At: st.At, Action: replay.Refused, Who: byLegacy, Cause: st.Cause}, nil})
		if err != nil {
			return done, err
		}
	}
	if err := t.keepAnswer(st); err != nil {
		return done, err
	}
	if st.Refused { // legacy did nothing: the same form may be sent again, once the shopper has more money
		err := t.exec(`DELETE FROM claims WHERE claim = (SELECT claim FROM requests WHERE seq = ? AND derived = 1) AND seq = ?`, st.Seq, st.Seq)
		if err != nil {
			return done, err
		}
	}
	done.Next, err = t.promote(session)
	return done, err
}

var countEnded = map[replay.State]string{
	replay.Written:   `UPDATE ledger SET written = written + 1`,
	replay.Cancelled: `UPDATE ledger SET cancelled = cancelled + 1`,
	replay.Dead:      `UPDATE ledger SET dead = dead + 1`,
}

// settledBefore answers a settlement that is repeated.
func (t *tx) settledBefore(st replay.Settlement) (replay.Settled, error) {
	var state int64
	err := t.row(`SELECT state FROM ended WHERE seq = ?`, []any{st.Seq}, &state)
	if errors.Is(err, sql.ErrNoRows) {
		err = order.ErrNotFound
	}
	return replay.Settled{State: replay.State(state)}, err
}

func (t *tx) keepAnswer(st replay.Settlement) error {
	a := st.Answer
	if a == nil {
		return nil
	}
	header, err := json.Marshal(a.Header)
	if err != nil {
		return err
	}
	body := a.Body
	if body == nil {
		body = []byte{}
	}
	return t.exec(`INSERT OR REPLACE INTO answers (seq, status, header, body, cut) VALUES (?, ?, ?, ?, ?)`, st.Seq, a.Status, header, body, a.Cut)
}

// promote makes the next of a session its first.
func (t *tx) promote(session string) (*replay.Head, error) {
	next := replay.Head{Session: session}
	err := t.row(`UPDATE queue SET first = 1 WHERE seq = (SELECT min(seq) FROM queue WHERE session = ?)
		RETURNING seq, (SELECT id FROM requests r WHERE r.seq = queue.seq)`, []any{session}, &next.Seq, &next.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &next, nil
}

// forgetBatch is how many ended captures one transaction drops.
const forgetBatch = 500

// Forget drops what is kept of captures that ended before then and whose keys
// are no longer in force, all but dead letters. The ledger keeps count.
func (s *Store) Forget(ctx context.Context, before time.Time) error {
	for ctx.Err() == nil {
		var n int64
		err := s.writer.do(0, func(t *tx) (err error) {
			n, err = t.forget(before, s.now())
			return err
		})
		if err != nil {
			return fmt.Errorf("drop what ended before %s: %w", before.Format(time.RFC3339), err)
		}
		if n < forgetBatch {
			return nil
		}
	}
	return ctx.Err()
}

func (t *tx) forget(before, now time.Time) (n int64, err error) {
	var seqs string
	err = t.row(`SELECT count(*), json_group_array(seq) FROM (SELECT e.seq FROM ended e JOIN requests r ON r.seq = e.seq
		WHERE e.state <> 5 AND e.at < ? AND r.expires_at <= ? ORDER BY e.at LIMIT ?)`,
		[]any{before.UnixNano(), now.UnixNano(), forgetBatch}, &n, &seqs)
	if err != nil || n == 0 {
		return n, err
	}
	const which = ` seq IN (SELECT value FROM json_each(?))`
	if err := t.exec(`DELETE FROM claims WHERE claim IN (SELECT claim FROM requests WHERE`+which+`) AND`+which, seqs, seqs); err != nil {
		return 0, err
	}
	for _, table := range []string{"answers", "audit", "ended", "requests"} {
		if err := t.exec(`DELETE FROM `+table+` WHERE`+which, seqs); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
