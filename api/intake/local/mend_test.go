package local

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// TestSettle_SellsWhatTheOrderSaysAfterACorrectionMeanwhile holds the one race
// that corrections bring: a settlement has read the order, and before its turn
// the order is corrected.
func TestSettle_SellsWhatTheOrderSaysAfterACorrectionMeanwhile(t *testing.T) {
	for _, sameTransaction := range []bool{true, false} {
		t.Run(fmt.Sprint("same transaction ", sameTransaction), func(t *testing.T) {
			s := openForTest(t)
			o := rodFor("ann@example.com")
			o.Customer.Name, o.Customer.Address, o.Payment.Token = "Ann", "1 Main St", "tok_demo"
			o.Lines[0].Price = &order.Money{Amount: 100, Currency: "USD"}
			receipt, err := s.Accept(t.Context(), o)
			require.NoError(t, err)
			q, err := s.Waiting(t.Context(), 0, 1)
			require.NoError(t, err)
			tell := func(d order.Disposition) error {
				return s.Settle(t.Context(), []order.Settlement{{Seq: q[0].Seq, OrderID: receipt.OrderID, Disposition: d, Cause: "refused"}})
			}
			require.NoError(t, tell(order.DispositionRejected))
			r, err := s.Find(t.Context(), receipt.OrderID)
			require.NoError(t, err)
			c := intake.CorrectionOf(r.Order)
			c.Lines[0].Quantity = 4

			goOn, held := hold(t, s, t.Context())
			edited, settled := make(chan error), make(chan error)
			go func() {
				_, err := s.Edit(t.Context(), receipt.OrderID, c, intake.Act{Who: "ann"})
				edited <- err
			}()
			waitFor(t, func() bool { return s.writer.length() == 1 })
			go func() { settled <- tell(order.DispositionWritten) }()
			waitFor(t, func() bool { return s.writer.length() == 2 })
			if !sameTransaction {
				s.writer.mu.Lock() // the settlement comes after the correction's commit
				late := s.writer.waiting[1]
				s.writer.waiting = s.writer.waiting[:1]
				s.writer.mu.Unlock()
				goOn()
				require.NoError(t, <-edited)
				require.NoError(t, s.writer.enqueue(late))
			}
			goOn()
			require.NoError(t, <-held)
			if sameTransaction {
				require.NoError(t, <-edited)
			}
			require.NoError(t, <-settled)

			stocks, err := s.Stocks(t.Context())
			require.NoError(t, err)
			require.Contains(t, stocks, order.Stock{SKU: "rod", OnHand: 10, Sold: 4})
		})
	}
}

// length is how many operations wait for their turn.
func (w *writer) length() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

func waitFor(t *testing.T, happened func() bool) {
	t.Helper()
	require.Eventually(t, happened, 10*time.Second, time.Millisecond)
}

func TestRedrive_IsSignalledAsArrived(t *testing.T) {
	s := openForTest(t)
	receipt, err := s.Accept(t.Context(), rodFor("ann"))
	require.NoError(t, err)
	<-s.Arrived()
	q, err := s.Waiting(t.Context(), 0, 1)
	require.NoError(t, err)
	require.NoError(t, s.Settle(t.Context(), []order.Settlement{{Seq: q[0].Seq, OrderID: receipt.OrderID, Disposition: order.DispositionRejected, Cause: "refused"}}))
	require.Empty(t, s.Arrived())
	require.NoError(t, s.Redrive(t.Context(), receipt.OrderID, intake.Act{Who: "ann"}))
	require.Len(t, s.Arrived(), 1)
}

func TestOpen_BringsAFileWithoutAuditToTheNewestVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec(schema + "PRAGMA user_version = 1; INSERT INTO stock (sku, on_hand) VALUES ('rod', 7);")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	s, err := Open(t.Context(), Options{Path: path, NoSync: true})
	require.NoError(t, err)
	defer s.Close()
	receipt, err := s.Accept(t.Context(), rodFor("ann"))
	require.NoError(t, err)
	audit, err := s.Trail(t.Context(), receipt.OrderID)
	require.NoError(t, err)
	require.Empty(t, audit)
}

func TestAcceptedSince_CountsTheOrdersOfTheLastSeconds(t *testing.T) {
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "orders.db"), NoSync: true, Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.SeedStock(t.Context(), []order.Stock{{SKU: "rod", OnHand: 10}}))
	for i, at := range []time.Duration{0, 20, 25, 25} {
		now = time.Date(2026, 11, 27, 8, 0, int(at), 0, time.UTC)
		_, err := s.Accept(t.Context(), rodFor(fmt.Sprint(i)))
		require.NoError(t, err)
	}
	for ago, want := range map[time.Duration]int64{0: 2, 5: 3, 20: 3, 25: 4} {
		n, err := s.AcceptedSince(t.Context(), now.Add(-ago*time.Second))
		require.NoError(t, err)
		require.Equal(t, want, n, "%d s ago", ago)
	}
}
