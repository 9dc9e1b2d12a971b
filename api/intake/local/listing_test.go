package local_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/intaketest"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

func TestListings_PassTheSuite(t *testing.T) {
	intaketest.RunListings(t, func(t *testing.T, clock *intaketest.Clock) intaketest.ListingHarness {
		o := local.Options{Path: filepath.Join(t.TempDir(), "orders.db"), Now: clock.Now, NoSync: true}
		s := stocked(t, o)
		return intaketest.ListingHarness{
			Store: s.Listings(),
			Queued: func(t *testing.T) (envelopes []order.Order) {
				waiting, err := s.Listings().Waiting(t.Context(), 0, 100)
				require.NoError(t, err)
				for _, q := range waiting {
					envelopes = append(envelopes, q.Order)
				}
				return envelopes
			},
			Redrive: func(t *testing.T, id string) {
				n, err := s.Listings().Redrive(t.Context(), id)
				require.NoError(t, err)
				require.EqualValues(t, 1, n)
			},
			Reopen: func(t *testing.T) intaketest.ListingStore {
				require.NoError(t, s.Close())
				s = open(t, o)
				return s.Listings()
			},
			PlaceOrder: func(t *testing.T, key string) order.Receipt {
				receipt, err := s.Accept(t.Context(), orderWith(key))
				require.NoError(t, err)
				return receipt
			},
		}
	})
}

func TestListings_AnArrivalIsSignalledAfterTheCommitAndOnlyForListings(t *testing.T) {
	o := quick(t)
	s := stocked(t, o)
	_, err := s.Accept(t.Context(), orderWith("an order"))
	require.NoError(t, err)
	select {
	case <-s.Listings().Arrived():
		require.Fail(t, "an order is no listing")
	default:
	}
	receipt, err := s.Listings().Accept(t.Context(), intaketest.Offered("k"))
	require.NoError(t, err)
	<-s.Listings().Arrived()
	require.NoError(t, s.Listings().Settle(t.Context(), []order.Settlement{{OrderID: receipt.Listing.ID, Disposition: order.DispositionRejected, Cause: "x"}}))
	_, err = s.Listings().Redrive(t.Context(), "")
	require.NoError(t, err)
	<-s.Listings().Arrived()
}

func TestListings_AreListedNewestFirstByState(t *testing.T) {
	s := stocked(t, quick(t))
	var ids []string
	for n := range 3 {
		receipt, err := s.Listings().Accept(t.Context(), intaketest.Offered(fmt.Sprint(n)))
		require.NoError(t, err)
		ids = append(ids, receipt.Listing.ID)
	}
	require.NoError(t, s.Listings().Settle(t.Context(), []order.Settlement{
		{OrderID: ids[0], Disposition: order.DispositionWritten}, {OrderID: ids[1], Disposition: order.DispositionRejected, Cause: "x"}}))
	accepted, written := order.Accepted, order.Written
	for want, filter := range map[string]intake.Filter{
		fmt.Sprint([]string{ids[2], ids[1], ids[0]}): {},
		fmt.Sprint([]string{ids[2], ids[1]}):         {State: &accepted},
		fmt.Sprint([]string{ids[0]}):                 {State: &written},
		fmt.Sprint([]string{ids[1]}):                 {Dead: true},
		fmt.Sprint([]string{ids[1], ids[0]}):         {After: ids[2], Limit: 2},
	} {
		all, err := s.Listings().List(t.Context(), filter)
		require.NoError(t, err)
		var got []string
		for _, r := range all {
			got = append(got, r.ID)
		}
		require.Equal(t, want, fmt.Sprint(got))
	}
}

func TestListings_ExpiredKeysAreSwept(t *testing.T) {
	clock := intaketest.NewClock()
	o := quick(t)
	o.Now = clock.Now
	s := stocked(t, o)
	for n := range 20 {
		_, err := s.Listings().Accept(t.Context(), intaketest.Offered(fmt.Sprint("old", n)))
		require.NoError(t, err)
	}
	clock.Advance(25 * time.Hour)
	for n := range 20 {
		_, err := s.Listings().Accept(t.Context(), intaketest.Offered(fmt.Sprint("new", n)))
		require.NoError(t, err)
	}
	require.Equal(t, 20, ask[int](t, o.Path, "SELECT count(*) FROM listing_claims"))
	require.Equal(t, 40, ask[int](t, o.Path, "SELECT count(*) FROM listings"))
}

func TestListings_AFileOfAnEarlierVersionIsBroughtUp(t *testing.T) {
	o := quick(t)
	s := stocked(t, o)
	_, err := s.Accept(t.Context(), orderWith("before"))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	tamper(t, o.Path, `DROP TABLE listings; DROP TABLE listing_claims; DROP TABLE listing_ledger; PRAGMA user_version = 2`)
	s = open(t, o)
	_, err = s.Listings().Accept(t.Context(), intaketest.Offered("k"))
	require.NoError(t, err)
	ledger, err := s.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, ledger, "a listing is no order")
}
