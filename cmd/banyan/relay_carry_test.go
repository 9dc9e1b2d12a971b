package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/intake/intaketest"
	"github.com/banyan-edge/banyan/api/order"
)

func TestRelayCommand_ListingsOnAWSAreInTheCatalogueOnceThoughTheRelayIsKilled(t *testing.T) {
	a := newOnAWS(t)
	attributes, err := aws.FIFO.Attributes()
	require.NoError(t, err)
	queue := awstest.Fauxqs(t).Queue(t, attributes)
	_, talk := a.banyan(1, "relay", "--listings", "--listen", "127.0.0.1:0", "--queue", queue, "--dead-letters", a.dead)
	require.Contains(t, talk, "legacy.listings does not say how a listing becomes rows")

	file := filepath.Join(a.folder, "banyan.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	mapping := "  listings:\n    - sql: INSERT INTO offers (number, title) VALUES (:id, :title)\n  write:\n"
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "  write:\n", mapping, 1)), 0o600))
	a.legacy(`CREATE TABLE offers (number TEXT, title TEXT)`)

	listings := a.store.Listings(queue)
	for n := range 8 {
		_, err := listings.Accept(t.Context(), intaketest.Offered(string(rune('a'+n))))
		require.NoError(t, err)
	}
	flags := []string{"--listings", "--queue", queue, "--dead-letters", a.dead, "--visibility", "3s"}
	first := a.relay(flags...)
	require.Eventually(t, func() bool {
		l, err := listings.Ledger(t.Context())
		return err == nil && l.Written > 0
	}, time.Minute, 5*time.Millisecond)
	first.kill()
	second := a.relay(flags...)
	require.Eventually(t, func() bool {
		l, err := listings.Ledger(t.Context())
		return err == nil && l == order.Ledger{Accepted: 8, Written: 8}
	}, time.Minute, 50*time.Millisecond)
	second.stop()
	db := a.database()
	defer db.Close()
	var rows, once int
	require.NoError(t, db.QueryRow(`SELECT count(*), count(DISTINCT number) FROM offers`).Scan(&rows, &once))
	require.Equal(t, [2]int{8, 8}, [2]int{rows, once})
	require.Empty(t, a.written(), "a listing is no order")
	require.Zero(t, a.depth(queue))
}
