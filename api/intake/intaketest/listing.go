package intaketest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// ListingStore is what the suite of listings drives.
type ListingStore interface {
	Accept(ctx context.Context, l listing.Listing) (listing.Receipt, error)
	Find(ctx context.Context, id string) (listing.Record, error)
	FindAll(ctx context.Context, ids []string) (map[string]listing.Listing, error)
	Ledger(ctx context.Context) (order.Ledger, error)
	Settle(ctx context.Context, all []order.Settlement) error
}

// ListingHarness is one empty store under test.
type ListingHarness struct {
	Store ListingStore
	// Queued returns the envelopes of the listings that the queue has, in its
	// order, whatever is due.
	Queued func(t *testing.T) []order.Order
	// Redrive has a dead listing wait again.
	Redrive func(t *testing.T, id string)
	// Reopen stops the store and returns another over what it left behind.
	Reopen func(t *testing.T) ListingStore
	// PlaceOrder places an order of one unit under a key in the same store.
	PlaceOrder func(t *testing.T, key string) order.Receipt
}

// RunListings runs the suite that the listings of every store must pass. fresh is
// called once a test and returns an empty store that reads the clock.
func RunListings(t *testing.T, fresh func(t *testing.T, clock *Clock) ListingHarness) {
	for name, test := range listingTests {
		t.Run(name, func(t *testing.T) {
			clock := NewClock()
			test(t, listingBench{fresh(t, clock), clock})
		})
	}
}

type listingBench struct {
	ListingHarness
	clock *Clock
}

var listingTests = map[string]func(*testing.T, listingBench){
	"AListingThatWasAcceptedIsFoundAndQueued":             listingFound,
	"ARepeatedKeyGivesTheFirstListingForADay":             listingReplayed,
	"AFormWithoutAKeyIsOneListingForTenMinutes":           listingForm,
	"AKeyUsedForAnotherListingIsRefused":                  listingKeyReused,
	"ListingsAndOrdersDoNotShareKeys":                     listingAndOrder,
	"OfManyAtOnceWithOneKeyOneIsAccepted":                 listingAtOnce,
	"ListingsStandWhereTheirDeliveriesPutThem":            listingSettled,
	"ADeferredListingWaitsAndADeadOneNeedsSomebody":       listingDead,
	"SettlingOneThatIsNotThereKeepsNoOtherFromIt":         listingUnknown,
	"EverythingIsThereAfterARestart":                      listingRestart,
	"OneSellersListingsAreQueuedInTheOrderOfTheirCalling": listingOrder,
}

// Offered is a listing as the suite offers it.
func Offered(key string) listing.Listing {
	return listing.Listing{
		Seller: listing.Seller{Email: "ann@example.com", Name: "Ann Angler"},
		Title:  "Vintage creel", Description: "Wicker.\nOne strap mended.",
		Price: order.Money{Amount: 18900, Currency: "USD"}, Category: "tackle", Condition: "Good", Key: key,
		Pictures: []listing.Picture{{Name: "front.jpg", Type: listing.JPEG, Bytes: 2 << 20}, {Name: "lid.png", Type: listing.PNG, Bytes: 1000}},
		Trace:    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
}

func (b listingBench) accepted(t *testing.T, l listing.Listing) listing.Listing {
	t.Helper()
	receipt, err := b.Store.Accept(t.Context(), l)
	require.NoError(t, err)
	require.False(t, receipt.Replayed)
	return receipt.Listing
}

func (b listingBench) settled(t *testing.T, id string, d order.Disposition, cause string) {
	t.Helper()
	at := b.clock.Now()
	require.NoError(t, b.Store.Settle(t.Context(), []order.Settlement{{OrderID: id, Disposition: d, Cause: cause, At: at, DueAt: at.Add(time.Minute)}}))
}

func (b listingBench) requireLedger(t *testing.T, want order.Ledger) {
	t.Helper()
	l, err := b.Store.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, l)
	require.True(t, l.Balanced())
}

func (b listingBench) find(t *testing.T, id string) listing.Record {
	t.Helper()
	r, err := b.Store.Find(t.Context(), id)
	require.NoError(t, err)
	return r
}

func listingFound(t *testing.T, b listingBench) {
	offered := Offered("k")
	l := b.accepted(t, offered)
	require.True(t, order.ValidID(l.ID))
	require.Equal(t, b.clock.Now(), l.AcceptedAt)
	offered.ID, offered.AcceptedAt = l.ID, l.AcceptedAt
	require.Equal(t, offered, l)
	require.Equal(t, listing.Record{Listing: l, State: order.Accepted}, b.find(t, l.ID))
	found, err := b.Store.FindAll(t.Context(), []string{l.ID, order.NewID(b.clock.Now()), "no id", l.ID})
	require.NoError(t, err)
	require.Equal(t, map[string]listing.Listing{l.ID: l}, found)
	_, err = b.Store.Find(t.Context(), order.NewID(b.clock.Now()))
	require.ErrorIs(t, err, order.ErrNotFound)
	_, err = b.Store.Find(t.Context(), "no id")
	require.ErrorIs(t, err, order.ErrNotFound)
	require.Equal(t, []order.Order{l.Envelope()}, b.Queued(t))
	b.requireLedger(t, order.Ledger{Accepted: 1, Waiting: 1})
}

func listingReplayed(t *testing.T, b listingBench) {
	first := b.accepted(t, Offered("k"))
	for _, later := range []time.Duration{0, time.Hour, 22 * time.Hour} {
		b.clock.Advance(later)
		receipt, err := b.Store.Accept(t.Context(), Offered("k"))
		require.NoError(t, err)
		require.True(t, receipt.Replayed)
		require.Equal(t, first, receipt.Listing)
	}
	b.requireLedger(t, order.Ledger{Accepted: 1, Waiting: 1})
	b.clock.Advance(time.Hour)
	second := b.accepted(t, Offered("k"))
	require.NotEqual(t, first.ID, second.ID)
	b.find(t, first.ID)
}

func listingForm(t *testing.T, b listingBench) {
	form := Offered("")
	form.Session = "one browser"
	first := b.accepted(t, form)
	receipt, err := b.Store.Accept(t.Context(), form)
	require.NoError(t, err)
	require.True(t, receipt.Replayed)
	other := form
	other.Session = "another browser"
	require.NotEqual(t, first.ID, b.accepted(t, other).ID)
	b.clock.Advance(order.DerivedKeyTTL)
	require.NotEqual(t, first.ID, b.accepted(t, form).ID)
}

func listingKeyReused(t *testing.T, b listingBench) {
	b.accepted(t, Offered("k"))
	for name, change := range map[string]func(*listing.Listing){
		"another price":        func(l *listing.Listing) { l.Price.Amount++ },
		"another seller":       func(l *listing.Listing) { l.Seller.Email = "bob@example.com" },
		"a picture less":       func(l *listing.Listing) { l.Pictures = l.Pictures[:1] },
		"another picture size": func(l *listing.Listing) { l.Pictures[1].Bytes++ },
	} {
		other := Offered("k")
		change(&other)
		_, err := b.Store.Accept(t.Context(), other)
		require.ErrorIs(t, err, order.ErrKeyReused, name)
	}
	b.requireLedger(t, order.Ledger{Accepted: 1, Waiting: 1})
}

func listingAndOrder(t *testing.T, b listingBench) {
	l := b.accepted(t, Offered("k"))
	require.False(t, b.PlaceOrder(t, "k").Replayed)
	_, err := b.Store.Find(t.Context(), b.PlaceOrder(t, "k2").OrderID)
	require.ErrorIs(t, err, order.ErrNotFound)
	require.Equal(t, []order.Order{l.Envelope()}, b.Queued(t), "the queue of listings has no orders")
	b.requireLedger(t, order.Ledger{Accepted: 1, Waiting: 1})
}

func listingAtOnce(t *testing.T, b listingBench) {
	const sellers = 16
	receipts, errs := make([]listing.Receipt, sellers), make([]error, sellers)
	var all sync.WaitGroup
	for i := range sellers {
		all.Go(func() { receipts[i], errs[i] = b.Store.Accept(t.Context(), Offered("k")) })
	}
	all.Wait()
	fresh := 0
	for i := range sellers {
		require.NoError(t, errs[i])
		require.Equal(t, receipts[0].Listing.ID, receipts[i].Listing.ID)
		if !receipts[i].Replayed {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	require.Len(t, b.Queued(t), 1)
	b.requireLedger(t, order.Ledger{Accepted: 1, Waiting: 1})
}

func listingSettled(t *testing.T, b listingBench) {
	l := b.accepted(t, Offered("k"))
	b.clock.Advance(time.Second)
	for range 2 { // to repeat it changes nothing
		b.settled(t, l.ID, order.DispositionWritten, "")
		require.Equal(t, listing.Record{Listing: l, State: order.Written, Attempts: 1, WrittenAt: l.AcceptedAt.Add(time.Second)}, b.find(t, l.ID))
		b.requireLedger(t, order.Ledger{Accepted: 1, Written: 1})
		b.clock.Advance(time.Second)
	}
	b.settled(t, l.ID, order.DispositionRejected, "too late")
	require.Equal(t, order.Written, b.find(t, l.ID).State)
	duplicate := b.accepted(t, Offered("another"))
	b.settled(t, duplicate.ID, order.DispositionDuplicate, "")
	require.Equal(t, order.Written, b.find(t, duplicate.ID).State)
	b.requireLedger(t, order.Ledger{Accepted: 2, Written: 2})
}

func listingDead(t *testing.T, b listingBench) {
	l := b.accepted(t, Offered("k"))
	b.Queued(t)
	b.settled(t, l.ID, order.DispositionDeferred, "legacy is away")
	r := b.find(t, l.ID)
	require.False(t, r.Dead())
	require.Empty(t, r.Cause)
	b.requireLedger(t, order.Ledger{Accepted: 1, Waiting: 1})
	b.settled(t, l.ID, order.DispositionRejected, "the title is too long")
	r = b.find(t, l.ID)
	require.True(t, r.Dead())
	require.Equal(t, "the title is too long", r.Cause)
	require.Equal(t, 2, r.Attempts)
	b.requireLedger(t, order.Ledger{Accepted: 1, Dead: 1})
	b.Redrive(t, l.ID)
	require.False(t, b.find(t, l.ID).Dead())
	require.Equal(t, []order.Order{l.Envelope()}, b.Queued(t))
	b.requireLedger(t, order.Ledger{Accepted: 1, Waiting: 1})
	b.settled(t, l.ID, order.DispositionWritten, "")
	b.requireLedger(t, order.Ledger{Accepted: 1, Written: 1})
}

func listingUnknown(t *testing.T, b listingBench) {
	l := b.accepted(t, Offered("k"))
	err := b.Store.Settle(t.Context(), []order.Settlement{
		{OrderID: order.NewID(b.clock.Now()), Disposition: order.DispositionWritten},
		{OrderID: l.ID, Disposition: order.DispositionWritten},
	})
	require.ErrorIs(t, err, order.ErrNotFound)
	require.Equal(t, order.Written, b.find(t, l.ID).State)
}

func listingRestart(t *testing.T, b listingBench) {
	written, waiting := b.accepted(t, Offered("written")), b.accepted(t, Offered("waiting"))
	b.settled(t, written.ID, order.DispositionWritten, "")
	b.Store = b.Reopen(t)
	require.Equal(t, order.Written, b.find(t, written.ID).State)
	require.Equal(t, order.Accepted, b.find(t, waiting.ID).State)
	receipt, err := b.Store.Accept(t.Context(), Offered("waiting"))
	require.NoError(t, err)
	require.Equal(t, listing.Receipt{Listing: waiting, Replayed: true}, receipt)
	b.requireLedger(t, order.Ledger{Accepted: 2, Written: 1, Waiting: 1})
}

func listingOrder(t *testing.T, b listingBench) {
	var want []order.Order
	for n := range 12 {
		want = append(want, b.accepted(t, Offered(fmt.Sprint(n))).Envelope())
		b.clock.Advance(time.Millisecond)
	}
	require.Equal(t, want, b.Queued(t))
}
