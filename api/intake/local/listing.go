package local

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// Listings is the store's part for what sellers offer: accepted in the same
// transactions as orders, queued on their own. Its methods are those of the
// Store, for listings.
type Listings struct {
	*ListingReader
	store *Store
}

// Listings returns the store's listings.
func (s *Store) Listings() *Listings { return &Listings{s.Reader.Listings(), s} }

// Accept takes a listing: its idempotency key is claimed and it is queued for
// the legacy catalogue, durably, or neither. One whose key was used before for
// the same listing gets the first again, with Replayed set.
//
// It returns order.ErrKeyReused, an error that wraps order.ErrUnavailable where
// the file cannot be written, or ctx's. When ctx ends the listing may have been
// accepted or not; asking again with the same key tells.
func (l *Listings) Accept(ctx context.Context, offered listing.Listing) (listing.Receipt, error) {
	offered.AcceptedAt = l.store.now().UTC().Truncate(time.Microsecond)
	offered.ID = order.NewID(offered.AcceptedAt)
	id, err := ulid.ParseStrict(offered.ID)
	if err != nil {
		return listing.Receipt{}, fmt.Errorf("accept listing: %w", err)
	}
	body, err := json.Marshal(offered)
	if err != nil {
		return listing.Receipt{}, fmt.Errorf("accept listing: %w", err)
	}
	claim := offered.Claim()
	key := sha256.Sum256([]byte(claim.Key))
	e := &listingEntry{id: id, claim: key[:16], fingerprint: claim.Fingerprint, ttl: claim.TTL, body: body}
	if err := l.store.writer.do(ctx, e.accept); err != nil {
		return listing.Receipt{}, fmt.Errorf("accept listing: %w", err)
	}
	if e.first != nil {
		return listing.Receipt{Listing: *e.first, Replayed: true}, nil
	}
	return listing.Receipt{Listing: offered}, nil
}

// listingEntry is a listing made ready for the writer.
type listingEntry struct {
	id          ulid.ULID
	claim       []byte
	fingerprint string
	ttl         time.Duration
	body        []byte
	first       *listing.Listing // of the key, where it was used before; valid once the operation is done
}

func (e *listingEntry) accept(t *tx) error {
	now := t.now.UnixNano()
	e.first = nil
	if t.exec(t.claimListing, e.claim, e.id[:], e.fingerprint, t.now.Add(e.ttl).UnixNano(), now) == 0 {
		return e.replay(t)
	}
	t.exec(t.insertListing, e.id[:], e.body)
	t.exec(t.countListing)
	t.exec(t.sweepListingClaims, now)
	t.listed = true
	return nil
}

// replay finds the first listing of the key.
func (e *listingEntry) replay(t *tx) error {
	var fingerprint string
	var body []byte
	t.query(t.findListingClaim, func(row []driver.Value) error {
		fingerprint, body = row[0].(string), row[1].([]byte)
		return nil
	}, e.claim)
	switch {
	case t.err != nil:
		return nil // the writer ends the transaction
	case body == nil:
		return errors.New("a key is claimed for a listing that is not there")
	case fingerprint != e.fingerprint:
		return order.ErrKeyReused
	}
	e.first = new(listing.Listing)
	if err := json.Unmarshal(body, e.first); err != nil {
		return fmt.Errorf("read the first listing of this key: %w", err)
	}
	return nil
}

// Arrived is signalled after a commit that queued listings, or had dead ones
// wait again. One signal may stand for many.
func (l *Listings) Arrived() <-chan struct{} { return l.store.listed }

func (s *Store) signalListed() {
	select {
	case s.listed <- struct{}{}:
	default:
	}
}

// Settle records what became of deliveries, durably. Settling a listing that is
// settled changes nothing. One that is not in the store is an error that wraps
// order.ErrNotFound, and does not keep the others from being settled.
func (l *Listings) Settle(ctx context.Context, all []order.Settlement) error {
	var unknown []error
	err := l.store.writer.do(ctx, func(t *tx) error {
		unknown = nil
		for _, st := range all {
			if !t.settleListing(st) {
				unknown = append(unknown, fmt.Errorf("settle listing %s: %w", st.OrderID, order.ErrNotFound))
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle %d listings: %w", len(all), err)
	}
	return errors.Join(unknown...)
}

// settleListing reports whether there is such a listing.
func (t *tx) settleListing(st order.Settlement) bool {
	id, err := ulid.ParseStrict(st.OrderID)
	if err != nil {
		return false
	}
	at := st.At
	if at.IsZero() {
		at = t.now
	}
	var changed int64
	switch st.Disposition {
	case order.DispositionWritten, order.DispositionDuplicate:
		changed = t.exec(t.endListing, at.UnixNano(), id[:])
	case order.DispositionDeferred:
		changed = t.exec(t.deferListing, nanos(st.DueAt), st.Cause, id[:])
	case order.DispositionRejected:
		changed = t.exec(t.buryListing, at.UnixNano(), st.Cause, id[:])
	}
	known := changed > 0
	if !known {
		t.query(t.findListing, func([]driver.Value) error { known = true; return nil }, id[:])
	}
	return known
}

// Redrive has a listing that legacy refused wait again, or all of them where id
// is empty, and returns how many do.
func (l *Listings) Redrive(ctx context.Context, id string) (n int64, err error) {
	var one []byte
	if id != "" {
		parsed, err := ulid.ParseStrict(id)
		if err != nil {
			return 0, fmt.Errorf("redrive listing %s: %w", id, order.ErrNotFound)
		}
		one = parsed[:]
	}
	err = l.store.writer.do(ctx, func(t *tx) error {
		if one != nil {
			n = t.exec(t.redriveListing, one)
		} else {
			n = t.exec(t.redriveListings)
		}
		t.listed = t.listed || n > 0
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("redrive listings: %w", err)
	}
	return n, nil
}

// listingStatements are the writer's for listings.
type listingStatements struct {
	claimListing, findListingClaim, sweepListingClaims *stmt
	insertListing, countListing, findListing           *stmt
	endListing, deferListing, buryListing              *stmt
	redriveListing, redriveListings                    *stmt
}

// texts pairs the statements with their SQL.
func (st *listingStatements) texts() map[**stmt]string {
	return map[**stmt]string{
		&st.claimListing: `INSERT INTO listing_claims (claim, id, fingerprint, expires_at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET id = excluded.id, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at WHERE expires_at <= ?`,
		&st.findListingClaim: `SELECT c.fingerprint, l.body FROM listing_claims c JOIN listings l ON l.id = c.id WHERE c.claim = ?`,
		// Two for each that is new, so that it catches up.
		&st.sweepListingClaims: `DELETE FROM listing_claims WHERE claim IN (SELECT claim FROM listing_claims WHERE expires_at <= ? ORDER BY expires_at LIMIT 2)`,
		&st.insertListing:      `INSERT INTO listings (id, body) VALUES (?, ?)`,
		&st.countListing:       `UPDATE listing_ledger SET accepted = accepted + 1`,
		&st.findListing:        `SELECT seq FROM listings WHERE id = ?`,
		&st.endListing:         `UPDATE listings SET state = 1, dead = 0, attempts = attempts + 1, at = ?, cause = '' WHERE id = ? AND state = 0`,
		&st.deferListing:       `UPDATE listings SET attempts = attempts + 1, due_at = ?, cause = ? WHERE id = ? AND state = 0 AND dead = 0`,
		&st.buryListing:        `UPDATE listings SET dead = 1, attempts = attempts + 1, at = ?, cause = ? WHERE id = ? AND state = 0 AND dead = 0`,
		&st.redriveListing:     `UPDATE listings SET dead = 0, due_at = 0 WHERE id = ? AND dead = 1`,
		&st.redriveListings:    `UPDATE listings SET dead = 0, due_at = 0 WHERE dead = 1`,
	}
}
