package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/intake/intaketest"
	"github.com/banyan-edge/banyan/api/order"
)

func TestBootstrap_TakesListingsToTheCatalogueOnceAndLeavesABadOneDead(t *testing.T) {
	in := install(t)
	attributes, err := aws.FIFO.Attributes()
	require.NoError(t, err)
	queue := awstest.Moto(t).Queue(t, attributes)
	listings := in.store.Listings(queue)
	in.legacy(`CREATE TABLE offers (number TEXT, title TEXT NOT NULL CHECK (title <> 'forbidden'), pictures INTEGER)`)
	in.env = append(in.env, "BANYAN_QUEUE="+queue, "BANYAN_CARRIES=listings", "BANYAN_LEGACY="+legacySection+
		"listings:\n  - sql: INSERT INTO offers (number, title, pictures) VALUES (:id, :title, :pictures.count)\n")

	good, bad := intaketest.Offered("good"), intaketest.Offered("bad")
	bad.Title = "forbidden"
	offered, err := listings.Accept(t.Context(), good)
	require.NoError(t, err)
	refused, err := listings.Accept(t.Context(), bad)
	require.NoError(t, err)
	in.orders = queue
	f := in.start()
	messages := in.receive()
	require.Len(t, messages, 2)
	for range 2 { // SQS delivers at least once
		require.Empty(t, f.invoke(messages, 30*time.Second))
	}
	f.end()
	db := in.database()
	defer db.Close()
	var rows, pictures int
	require.NoError(t, db.QueryRow(`SELECT count(*), sum(pictures) FROM offers WHERE number = ?`, offered.Listing.ID).Scan(&rows, &pictures))
	require.Equal(t, 1, rows)
	require.Equal(t, 2, pictures)
	ledger, err := listings.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 2, Written: 1, Dead: 1}, ledger)
	dead, err := listings.Find(t.Context(), refused.Listing.ID)
	require.NoError(t, err)
	require.True(t, dead.Dead())
	require.Empty(t, in.written("ann@example.com"), "a listing is no order")
}

func TestSettings_CarriesOrdersOrListings(t *testing.T) {
	for word, want := range map[string]bool{"": false, "orders": false, "listings": true} {
		listings, err := readCarries(word)
		require.NoError(t, err)
		require.Equal(t, want, listings)
	}
	_, err := readCarries("parcels")
	require.ErrorContains(t, err, "BANYAN_CARRIES")
}
