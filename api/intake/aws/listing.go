package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// Listings is the store's part for what sellers offer. It is in the same table,
//
//	listing.<listing id>      as an order: body, order_state, attempts, cause, …
//	listing-ledger.<n>        accepted, written, waiting, dead
//
// with lanes of its own in both indexes, so that neither sees the other's, and
// has a queue of its own, whose messages hold the envelope of a listing
// (listing.Listing.Envelope) and not the listing: whoever delivers one looks it
// up. Its methods are those of the Store, for listings.
type Listings struct{ s *Store }

// Listings returns the store's listings, which wait in this queue. It is of the
// same kind as that of orders.
func (s *Store) Listings(queue string) *Listings {
	o := s.o
	o.Queue = queue
	return &Listings{&Store{o: o, log: s.log.With("queue", "listings"), metrics: s.metrics}}
}

func listingKey(id string) string { return "listing." + id }

func listingLedgerKey(part int) string { return fmt.Sprintf("listing-ledger.%d", part) }

// listingDueKey is the hash key of a lane of listings in the index dues.
func listingDueKey(lane int) string { return fmt.Sprintf("listing-due.%d", lane) }

// standListing puts a listing at a place of listings.
func standListing(it *orderItem, place string) {
	it.stand(place)
	it.Place = placeKey("listing-"+place, it.Part)
	it.Rank = rankOf(it.Seq, it.id())
}

// sendListingAt says when the sweep is to send it if it still waits.
func sendListingAt(it *orderItem, at time.Time) {
	it.sendAt(at)
	it.DueIn = listingDueKey(it.Part)
}

// Accept takes a listing: its idempotency key is claimed and it is stored,
// durably, or neither; then it is sent to the queue. One whose key was used
// before for the same listing gets the first again, with Replayed set. Where the
// queue does not take it, it is accepted all the same, and Sweep sends it.
//
// It returns order.ErrKeyReused, an error that wraps order.ErrUnavailable where
// DynamoDB does not take it, or ctx's. After the last two it may have been
// accepted or not; asking again with the same key tells.
func (l *Listings) Accept(ctx context.Context, offered listing.Listing) (listing.Receipt, error) {
	offered.AcceptedAt = l.s.now().Truncate(time.Microsecond)
	offered.ID = order.NewID(offered.AcceptedAt)
	receipt, err := l.accept(ctx, offered)
	if err != nil {
		return listing.Receipt{}, fmt.Errorf("accept listing: %w", err)
	}
	return receipt, nil
}

func (l *Listings) accept(ctx context.Context, offered listing.Listing) (listing.Receipt, error) {
	body, err := json.Marshal(offered)
	if err != nil {
		return listing.Receipt{}, err
	}
	it := &orderItem{PK: listingKey(offered.ID), Body: string(body), Seq: l.s.seq.next(offered.AcceptedAt),
		Part: laneOf(offered.OrderingKey()), Ledger: rand.IntN(ledgerParts)}
	standListing(it, waiting)
	sendListingAt(it, offered.AcceptedAt.Add(l.s.o.SendAfter))
	c := claimOf(offered.ID, offered.AcceptedAt, offered.Claim())
	by, err := l.store(ctx, it, c)
	switch {
	case err != nil:
		return listing.Receipt{}, err
	case by.OrderID == offered.ID:
		l.sendAccepted(ctx, it, offered)
		return listing.Receipt{Listing: offered}, nil
	case by.Fingerprint != c.Fingerprint:
		return listing.Receipt{}, order.ErrKeyReused
	}
	first, err := l.Find(ctx, by.OrderID)
	return listing.Receipt{Listing: first.Listing, Replayed: true}, err
}

// store does the one transaction, and returns the claim that is in force: the
// one given, or that of an earlier listing.
func (l *Listings) store(ctx context.Context, it *orderItem, c claim) (claim, error) {
	claimed, err := c.write(l.s)
	if err != nil {
		return claim{}, err
	}
	stored, err := l.s.put(it, "attribute_not_exists(pk)", nil)
	if err != nil {
		return claim{}, err
	}
	counted := l.s.add(listingLedgerKey(it.Ledger), map[string]int{"accepted": 1, waiting: 1})
	for pause := l.s.newPause(); ; {
		err := l.s.transact(ctx, it.id(), []types.TransactWriteItem{claimed, stored, counted})
		if err == nil {
			return c, nil
		}
		if why := reasons(err); len(why) == 3 && conditionFailed(why[0]) {
			by, err := claimedBy(why[0])
			return by.by, err
		}
		if cause := repeatable(err); cause == "" || !pause.next(ctx, cause) {
			return claim{}, unavailable(ctx, err)
		}
	}
}

// sendAccepted sends a listing that was just accepted; its seller may have gone.
func (l *Listings) sendAccepted(ctx context.Context, it *orderItem, offered listing.Listing) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if err := l.send(ctx, it, offered); err != nil {
		l.s.log.Warn("listing not sent, left to the sweep", "listing_id", offered.ID, "error", err)
	}
}

// send sends a listing's envelope and marks it as sent.
func (l *Listings) send(ctx context.Context, it *orderItem, offered listing.Listing) error {
	envelope := offered.Envelope()
	body, err := json.Marshal(envelope)
	if err != nil {
		return err
	}
	return l.s.send(ctx, it, envelope, sendable(body))
}

// ReadMessage returns the envelope in a message's body.
func (l *Listings) ReadMessage(ctx context.Context, body string) (order.Order, error) {
	return l.s.ReadMessage(ctx, body)
}

// item reads a listing's item, or returns order.ErrNotFound.
func (l *Listings) item(ctx context.Context, id string) (*orderItem, error) {
	if !order.ValidID(id) {
		return nil, order.ErrNotFound
	}
	var it orderItem
	found, err := l.s.get(ctx, listingKey(id), &it)
	switch {
	case err != nil:
		return nil, unavailable(ctx, err)
	case !found:
		return nil, order.ErrNotFound
	}
	return &it, nil
}

func readListing(it *orderItem) (l listing.Listing, err error) {
	if err = json.Unmarshal([]byte(it.Body), &l); err != nil {
		err = fmt.Errorf("read %s: %w", it.PK, err)
	}
	return l, err
}

// Find returns the listing with this id and what became of it, or
// order.ErrNotFound.
func (l *Listings) Find(ctx context.Context, id string) (listing.Record, error) {
	it, err := l.item(ctx, id)
	if err != nil {
		return listing.Record{}, fmt.Errorf("find listing: %w", err)
	}
	offered, err := readListing(it)
	return listing.Record{Listing: offered, State: stateAt[it.Stands], Cause: it.Cause, Attempts: it.Attempts, WrittenAt: it.WrittenAt}, err
}

// FindAll returns the listings with these ids, those that are there.
func (l *Listings) FindAll(ctx context.Context, ids []string) (map[string]listing.Listing, error) {
	var pks []string
	for _, id := range ids {
		if pk := listingKey(id); order.ValidID(id) && !slices.Contains(pks, pk) {
			pks = append(pks, pk)
		}
	}
	items, err := l.s.getMany(ctx, pks)
	if err != nil {
		return nil, fmt.Errorf("find %d listings: %w", len(ids), unavailable(ctx, err))
	}
	found := make(map[string]listing.Listing, len(items))
	for _, raw := range items {
		var it orderItem
		if err := attributevalue.UnmarshalMap(raw, &it); err != nil {
			return nil, fmt.Errorf("find %d listings: %w", len(ids), err)
		}
		offered, err := readListing(&it)
		if err != nil {
			return nil, err
		}
		found[offered.ID] = offered
	}
	return found, nil
}

// Ledger counts the listings: accepted = written + waiting + dead.
func (l *Listings) Ledger(ctx context.Context) (order.Ledger, error) {
	sum, err := l.s.sumLedger(ctx, listingLedgerKey)
	if err != nil {
		return sum, fmt.Errorf("read the ledger of listings: %w", err)
	}
	return sum, nil
}

// Book is the listings as a relay over SQS asks for them: in their envelopes.
func (l *Listings) Book() ListingBook { return ListingBook{l} }

// ListingBook finds and settles envelopes.
type ListingBook struct{ l *Listings }

// Find returns the envelope of the listing with this id, or order.ErrNotFound.
func (b ListingBook) Find(ctx context.Context, id string) (order.Record, error) {
	r, err := b.l.Find(ctx, id)
	return order.Record{Order: r.Envelope(), State: r.State, Cause: r.Cause, Attempts: r.Attempts, WrittenAt: r.WrittenAt}, err
}

// Settle is that of the listings.
func (b ListingBook) Settle(ctx context.Context, all []order.Settlement) error {
	return b.l.Settle(ctx, all)
}

// errRaced: something else happened to the listing in between.
var errRaced = errors.New("the listing changed meanwhile")
