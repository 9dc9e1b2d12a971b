package local

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// Accept keeps a capture, or returns the first that has its claim. A claim is in
// force for its time, and as long as the first has not ended: a shopper who
// sends a form again after an hour's outage means the one that still waits.
func (s *Store) Accept(_ context.Context, c *replay.Capture, claim replay.Claim) (replay.Receipt, error) {
	head, err := json.Marshal(c.Request)
	if err != nil {
		return replay.Receipt{}, fmt.Errorf("capture a request: %w", err)
	}
	var receipt replay.Receipt
	err = s.writer.do(len(head)+len(c.Body), func(t *tx) (err error) {
		receipt, err = s.accept(t, c, claim, head)
		return err
	})
	switch {
	case err == nil:
		s.signal()
	case !errors.Is(err, order.ErrKeyReused) && !errors.Is(err, order.ErrUnavailable):
		err = unavailable(err)
	}
	if err != nil {
		return replay.Receipt{}, fmt.Errorf("capture a request: %w", err)
	}
	return receipt, nil
}

func (s *Store) accept(t *tx, c *replay.Capture, claim replay.Claim, head []byte) (replay.Receipt, error) {
	now := s.now()
	receipt, err := t.first(claim, now)
	if err != nil || receipt.Replayed {
		return receipt, err
	}
	if err := t.row(`UPDATE ledger SET accepted = accepted + 1, last_seq = last_seq + 1 RETURNING last_seq`, nil, &c.Seq); err != nil {
		return receipt, err
	}
	body := c.Body
	if body == nil {
		body = []byte{}
	}
	err = t.exec(`INSERT INTO requests (seq, id, claim, fingerprint, derived, expires_at, accepted_at, session, key, head, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, c.Seq, c.ID, claim.Key[:], claim.Fingerprint[:], claim.Derived,
		now.Add(claim.TTL).UnixNano(), c.AcceptedAt.UnixNano(), c.Session, c.Key, head, body)
	if err != nil {
		return receipt, err
	}
	if err := t.exec(`INSERT INTO claims (claim, seq) VALUES (?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq`, claim.Key[:], c.Seq); err != nil {
		return receipt, err
	}
	err = t.exec(`INSERT INTO queue (seq, session, first, told) VALUES (?, ?, NOT EXISTS (SELECT 1 FROM queue WHERE session = ?), ?)`,
		c.Seq, c.Session, c.Session, c.Told)
	return replay.Receipt{ID: c.ID, Session: c.Session}, err
}

// first returns the receipt of the capture that has the claim, where it is in
// force.
func (t *tx) first(claim replay.Claim, now time.Time) (replay.Receipt, error) {
	var receipt replay.Receipt
	var fingerprint []byte
	var expires int64
	var waits bool
	err := t.row(`SELECT r.id, r.session, r.fingerprint, r.expires_at, EXISTS (SELECT 1 FROM queue q WHERE q.seq = r.seq)
		FROM claims c JOIN requests r ON r.seq = c.seq WHERE c.claim = ?`, []any{claim.Key[:]},
		&receipt.ID, &receipt.Session, &fingerprint, &expires, &waits)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return replay.Receipt{}, nil
	case err != nil:
		return replay.Receipt{}, err
	case expires <= now.UnixNano() && !waits:
		return replay.Receipt{}, nil
	case !bytes.Equal(fingerprint, claim.Fingerprint[:]):
		return replay.Receipt{}, order.ErrKeyReused
	}
	receipt.Replayed = true
	return receipt, nil
}

// Tell notes that the shopper gets no answer of legacy's.
func (s *Store) Tell(_ context.Context, id string) (ended bool, err error) {
	err = s.writer.do(0, func(t *tx) error {
		n, err := t.change(`UPDATE queue SET told = 1 WHERE seq = (SELECT seq FROM requests WHERE id = ?)`, id)
		ended = n == 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note the 202 of %s: %w", id, err)
	}
	return ended, nil
}
