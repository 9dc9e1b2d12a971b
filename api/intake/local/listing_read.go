package local

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/oklog/ulid/v2"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// ListingReader looks at the listings of a store.
type ListingReader struct{ db *sql.DB }

// Listings returns what looks at the listings.
func (r *Reader) Listings() *ListingReader { return &ListingReader{r.db} }

const listingColumns = `SELECT seq, state, dead, attempts, at, cause, body FROM listings `

// foundListing is a listing with its place in the queue.
type foundListing struct {
	listing.Record
	seq int64
}

func scanListing(rows *sql.Rows) (f foundListing, err error) {
	var at int64
	var dead bool
	var cause string
	var body []byte
	if err := rows.Scan(&f.seq, (*uint8)(&f.State), &dead, &f.Attempts, &at, &cause, &body); err != nil {
		return f, err
	}
	if dead {
		f.Cause = cause
	}
	if f.State == order.Written {
		f.WrittenAt = fromNanos(at)
	}
	if err := json.Unmarshal(body, &f.Listing); err != nil {
		return f, fmt.Errorf("read listing %d: %w", f.seq, err)
	}
	return f, nil
}

// Find returns the listing with this id and what became of it, or
// order.ErrNotFound.
func (r *ListingReader) Find(ctx context.Context, id string) (listing.Record, error) {
	f, err := r.find(ctx, id)
	if err != nil {
		return listing.Record{}, fmt.Errorf("find listing: %w", err)
	}
	return f.Record, nil
}

func (r *ListingReader) find(ctx context.Context, id string) (foundListing, error) {
	key, err := ulid.ParseStrict(id)
	if err != nil {
		return foundListing{}, order.ErrNotFound
	}
	rows, err := r.db.QueryContext(ctx, listingColumns+"WHERE id = ?", key[:])
	if err != nil {
		return foundListing{}, err
	}
	all, err := collect(rows, scanListing)
	if err == nil && len(all) == 0 {
		err = order.ErrNotFound
	}
	if err != nil {
		return foundListing{}, err
	}
	return all[0], nil
}

// FindAll returns the listings with these ids, those that are there.
func (r *ListingReader) FindAll(ctx context.Context, ids []string) (map[string]listing.Listing, error) {
	keys := make([]string, 0, len(ids))
	for _, id := range ids {
		if key, err := ulid.ParseStrict(id); err == nil {
			keys = append(keys, fmt.Sprintf("%x", key[:]))
		}
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, listingColumns+"WHERE id IN (SELECT unhex(value) FROM json_each(?))", string(list))
	if err != nil {
		return nil, fmt.Errorf("find %d listings: %w", len(ids), err)
	}
	all, err := collect(rows, scanListing)
	found := make(map[string]listing.Listing, len(all))
	for _, f := range all {
		found[f.ID] = f.Listing
	}
	return found, err
}

// List returns listings, newest first. Of the filter's states accepted includes
// those that legacy refused.
func (r *ListingReader) List(ctx context.Context, f intake.Filter) ([]listing.Record, error) {
	if f.Limit <= 0 {
		f.Limit = intake.DefaultListLimit
	}
	before := int64(math.MaxInt64)
	if f.After != "" {
		last, err := r.find(ctx, f.After)
		if err != nil {
			return nil, fmt.Errorf("list listings after %s: %w", f.After, err)
		}
		before = last.seq
	}
	where, state := "", order.Accepted
	switch {
	case f.Dead:
		where = " AND dead = 1"
	case f.State != nil:
		where, state = " AND state = :state", *f.State
	}
	rows, err := r.db.QueryContext(ctx, listingColumns+"WHERE seq < :before"+where+" ORDER BY seq DESC LIMIT :limit",
		sql.Named("before", before), sql.Named("limit", f.Limit), sql.Named("state", int(state)))
	if err != nil {
		return nil, fmt.Errorf("list listings: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (listing.Record, error) {
		f, err := scanListing(rows)
		return f.Record, err
	})
}

// Waiting returns up to limit listings that wait for legacy, in their envelopes,
// in the order they were accepted, from the first whose Seq is above after.
func (r *ListingReader) Waiting(ctx context.Context, after int64, limit int) ([]order.Queued, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT seq, attempts, due_at, body FROM listings
		WHERE state = 0 AND dead = 0 AND seq > ? ORDER BY seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read waiting listings: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (q order.Queued, err error) {
		var due int64
		var body []byte
		if err := rows.Scan(&q.Seq, &q.Attempts, &due, &body); err != nil {
			return q, err
		}
		var l listing.Listing
		if err := json.Unmarshal(body, &l); err != nil {
			return q, fmt.Errorf("read listing %d: %w", q.Seq, err)
		}
		q.Order, q.DueAt = l.Envelope(), fromNanos(due)
		return q, nil
	})
}

// Ledger counts the listings: accepted = written + waiting + dead.
func (r *ListingReader) Ledger(ctx context.Context) (l order.Ledger, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT accepted,
		(SELECT count(*) FROM listings WHERE state = 1),
		(SELECT count(*) FROM listings WHERE state = 0 AND dead = 0),
		(SELECT count(*) FROM listings WHERE dead = 1) FROM listing_ledger`).
		Scan(&l.Accepted, &l.Written, &l.Waiting, &l.Dead)
	if errors.Is(err, sql.ErrNoRows) {
		err = errors.New("the ledger of listings is gone")
	}
	if err != nil {
		return l, fmt.Errorf("count the listings: %w", err)
	}
	return l, nil
}
