package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

const (
	kills         = 20
	shoppers      = 32
	firstQuantity = 100_000 // of the two rods, in the sample shop
)

// TestUp_EveryAcceptedOrderSurvivesKillAtRandomMoments is the promise of the
// whole thing: whatever got its 202 is in the legacy database exactly once,
// however often the process dies.
func TestUp_EveryAcceptedOrderSurvivesKillAtRandomMoments(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	crowd := &crowd{t: t, accepted: map[string]string{}}

	for round := range kills {
		s := up(t, data)
		ctx, cancel := context.WithCancel(context.Background())
		done := crowd.rush(ctx, s.Storefront, round)
		time.Sleep(time.Duration(50+random.IntN(350)) * time.Millisecond) // a random moment is what is tested
		s.kill()
		cancel()
		done.Wait()
	}

	s := up(t, data)
	crowd.retryUnanswered(s.Storefront)
	l := s.drained()
	t.Logf("%d kills, %d orders answered 202, ledger %+v", kills, len(crowd.accepted), l)
	require.NotEmpty(t, crowd.accepted)
	require.True(t, l.Balanced, "ledger %+v", l)
	require.Zero(t, l.Dead)
	crowd.requireFirstAnswers(s.Storefront)
	require.Equal(t, 0, s.stop(), "%s", s.logged())
	requireLegacyHolds(t, filepath.Join(data, "legacy.db"), crowd.accepted, l.Accepted)
}

// crowd orders and remembers every answer.
type crowd struct {
	t  *testing.T
	mu sync.Mutex

	accepted   map[string]string // idempotency key → order id
	unanswered []string          // keys whose request died with the process
}

// rush starts shoppers who order as fast as they can until ctx ends.
func (c *crowd) rush(ctx context.Context, storefront string, round int) *sync.WaitGroup {
	var wg sync.WaitGroup
	for shopper := range shoppers {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			defer client.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				key := fmt.Sprintf("round-%d-shopper-%d-order-%d", round, shopper, n)
				if id, err := place(client, storefront, key); err == nil {
					c.remember(key, id)
				} else {
					c.mu.Lock()
					c.unanswered = append(c.unanswered, key)
					c.mu.Unlock()
					return // the process is gone
				}
			}
		})
	}
	return &wg
}

func (c *crowd) remember(key, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, seen := c.accepted[key]; seen && first != id {
		c.t.Errorf("key %s was answered %s at first and %s now", key, first, id)
	}
	c.accepted[key] = id
}

// retryUnanswered does what a shopper's browser does after a lost answer.
func (c *crowd) retryUnanswered(storefront string) {
	for _, key := range c.unanswered {
		id, err := place(http.DefaultClient, storefront, key)
		require.NoError(c.t, err)
		c.remember(key, id)
	}
}

// requireFirstAnswers repeats a sample of keys: each must give its first answer.
func (c *crowd) requireFirstAnswers(storefront string) {
	n := 0
	for key, first := range c.accepted {
		id, err := place(http.DefaultClient, storefront, key)
		require.NoError(c.t, err)
		require.Equal(c.t, first, id, "key %s", key)
		if n++; n == 200 {
			return
		}
	}
}

// place sends the order that belongs to key and returns the accepted order's id.
func place(client *http.Client, storefront, key string) (string, error) {
	body := fmt.Sprintf(`{"customer":{"email":"%s@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},
		"lines":[{"sku":"muskie-casting-rod","quantity":1}],"payment":{"token":"tok_demo"}}`, key)
	req, err := http.NewRequest(http.MethodPost, storefront+"/checkout", bytes.NewBufferString(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	var receipt struct {
		OrderID string `json:"order_id"`
	}
	if resp.StatusCode != http.StatusAccepted {
		return "", fmt.Errorf("%s: %s", resp.Status, answer)
	}
	err = json.Unmarshal(answer, &receipt)
	return receipt.OrderID, err
}

// requireLegacyHolds looks every accepted order up in the legacy database.
func requireLegacyHolds(t *testing.T, file string, accepted map[string]string, total int64) {
	db := openLegacy(t, file)
	rows := map[string]int{}
	list, err := db.Query(`SELECT number FROM orders`)
	require.NoError(t, err)
	defer list.Close()
	for list.Next() {
		var number string
		require.NoError(t, list.Scan(&number))
		rows[number]++
	}
	require.NoError(t, list.Err())
	for key, id := range accepted {
		require.Equal(t, 1, rows[id], "order %s of key %s", id, key)
	}
	require.EqualValues(t, total, len(rows), "legacy holds as many orders as were accepted")

	var items, ledgerRows, onHand, negative int64
	require.NoError(t, db.QueryRow(`SELECT coalesce(sum(qty), 0) FROM order_items`).Scan(&items))
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM banyan_ledger`).Scan(&ledgerRows))
	require.NoError(t, db.QueryRow(`SELECT on_hand FROM stock WHERE sku = 'muskie-casting-rod'`).Scan(&onHand))
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM stock WHERE on_hand < 0`).Scan(&negative))
	require.Equal(t, total, items)
	require.Equal(t, total, ledgerRows)
	require.Equal(t, firstQuantity-total, onHand)
	require.Zero(t, negative)
}

// openLegacy opens the sample shop's database.
func openLegacy(t *testing.T, file string) *sql.DB {
	t.Helper()
	require.FileExists(t, file)
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}
