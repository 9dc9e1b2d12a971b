package catalogue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/catalogue"
)

// shelf has listings by id.
type shelf map[string]listing.Listing

func (s shelf) FindAll(_ context.Context, ids []string) (map[string]listing.Listing, error) {
	if s == nil {
		return nil, errors.New("the disk is gone")
	}
	return s, nil
}

// written notes what it is given; titles say what becomes of each.
type written []string

func (w *written) WriteListings(_ context.Context, listings []listing.Listing) []catalogue.Outcome {
	outcomes := make([]catalogue.Outcome, len(listings))
	for i, l := range listings {
		*w = append(*w, l.ID)
		if l.Title == "refused" {
			outcomes[i] = catalogue.Outcome{Disposition: order.DispositionRejected, Cause: "refused"}
		}
	}
	return outcomes
}

func envelopes(ids ...string) (all []order.Order) {
	for _, id := range ids {
		all = append(all, order.Order{ID: id})
	}
	return all
}

func TestCatalogue_EachOutcomeIsThatOfItsEnvelope(t *testing.T) {
	s := shelf{"a": {ID: "a"}, "b": {ID: "b", Title: "refused"}, "d": {ID: "d"}}
	var w written
	outcomes := catalogue.New(s, &w).Write(t.Context(), envelopes("a", "gone", "b", "d"))
	require.Equal(t, written{"a", "b", "d"}, w, "in the order of the envelopes")
	require.Equal(t, order.DispositionWritten, outcomes[0].Disposition)
	require.Equal(t, order.DispositionRejected, outcomes[1].Disposition)
	require.Equal(t, "the listing is not in its store", outcomes[1].Cause)
	require.Equal(t, "refused", outcomes[2].Cause)
	require.Equal(t, order.DispositionWritten, outcomes[3].Disposition)
}

func TestCatalogue_WhatCannotBeReadIsDeferred(t *testing.T) {
	var w written
	for _, outcome := range catalogue.New(shelf(nil), &w).Write(t.Context(), envelopes("a", "b")) {
		require.Equal(t, order.DispositionDeferred, outcome.Disposition)
		require.Error(t, outcome.Err)
	}
	require.Empty(t, w)
}
