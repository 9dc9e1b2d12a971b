package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/loadtest"
	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// TestOneOfOne_TenThousandBuyersAtOnceGetExactlyWhatThereIs lets everybody ask
// in the same moment, each on a connection of their own.
func TestOneOfOne_TenThousandBuyersAtOnceGetExactlyWhatThereIs(t *testing.T) {
	buyers := 2000
	if os.Getenv("BANYAN_FAULT_ORDERS") != "" {
		buyers = 10_000
	}
	stock := map[string]int{scarce: 1, plentiful: 100}
	pg := rigtest.NewPostgres(t)
	shop := rigtest.NewShop(t, binary, pg.URL("postgres")) // whose own stock of the rod is far more
	up := rigtest.NewUp(t, rigtest.Settings{
		Binary: binary, Database: pg.URL("postgres"), Legacy: shop.URL, NoStock: true, Flags: []string{"--log-level", "WARN"},
		Products: fmt.Appendf(nil, "%s: {arm: serverless, stock: %d}\n%s: {arm: serverless, stock: %d}\n", scarce, stock[scarce], plentiful, stock[plentiful]),
	})
	line := queueUp(t, up.Host(), buyers)
	for sku, units := range stock {
		start := time.Now()
		accepted, soldOut := rushFor(t, line, sku)
		t.Logf("%d buyers at once for %d of %s: %d accepted, %d sold out, in %v", buyers, units, sku, accepted, soldOut, time.Since(start).Round(time.Millisecond))
		require.Equal(t, units, accepted)
		require.Equal(t, buyers-units, soldOut)
	}
	var l rigtest.Ledger
	require.Eventually(t, func() (drained bool) {
		var err error
		l, err = up.Ledger()
		return err == nil && l.Waiting == 0
	}, time.Minute, 50*time.Millisecond, "orders still wait")
	require.Equal(t, rigtest.Ledger{Accepted: 101, Written: 101, Balanced: true}, l)
	conn, err := pgx.Connect(t.Context(), pg.URL("postgres"))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for sku, units := range stock {
		var sold int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT sum(qty) FROM order_items WHERE sku = $1", sku).Scan(&sold))
		require.Equal(t, units, sold, sku)
	}
}

// queueUp connects every buyer, some at a time as a listener's backlog is short.
func queueUp(t *testing.T, host string, buyers int) []*loadtest.Client {
	t.Helper()
	line := make([]*loadtest.Client, buyers)
	var group errgroup.Group
	group.SetLimit(128)
	for i := range line {
		group.Go(func() (err error) {
			line[i], err = loadtest.Dial(host)
			return err
		})
	}
	require.NoError(t, group.Wait())
	t.Cleanup(func() {
		for _, c := range line {
			c.Close()
		}
	})
	return line
}

// rushFor opens the doors: everybody orders one of sku.
func rushFor(t *testing.T, line []*loadtest.Client, sku string) (accepted, soldOut int) {
	t.Helper()
	answers := make([]string, len(line))
	open := make(chan struct{})
	var all sync.WaitGroup
	for i, c := range line {
		body := fmt.Sprintf(`{"customer":{"email":"buyer-%d@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},"lines":[{"sku":%q,"quantity":1}],"payment":{"token":"tok_demo"}}`, i, sku)
		request := fmt.Appendf(nil, "POST /checkout HTTP/1.1\r\nHost: shop.example.com\r\nAccept: application/json\r\nContent-Type: application/json\r\nIdempotency-Key: %s-%d\r\nContent-Length: %d\r\n\r\n%s", sku, i, len(body), body)
		all.Go(func() {
			<-open
			c.SetDeadline(time.Now().Add(time.Minute))
			answers[i] = verdict(c.Ask(request))
		})
	}
	close(open)
	all.Wait()
	others := map[string]int{}
	for _, a := range answers {
		switch a {
		case "202 accepted":
			accepted++
		case "409 sold_out":
			soldOut++
		default:
			others[a]++
		}
	}
	require.Empty(t, others)
	return accepted, soldOut
}

// verdict is an answer in two words.
func verdict(status int, body []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	var says struct{ Status, Code any }
	if err := json.Unmarshal(body, &says); err != nil {
		return fmt.Sprintf("%d %s", status, body)
	}
	if status == 202 {
		return fmt.Sprint(status, " ", says.Status)
	}
	return fmt.Sprint(status, " ", says.Code)
}
