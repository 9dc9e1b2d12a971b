package local

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

func openForTest(t *testing.T) *Store {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "orders.db"), NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.SeedStock(t.Context(), []order.Stock{{SKU: "rod", OnHand: 10}}))
	return s
}

func rodFor(email string) order.Order {
	return order.Order{Customer: order.Customer{Email: email}, Lines: []order.Line{{SKU: "rod", Quantity: 1}}}
}

// hold occupies the writer with an open transaction until it is told to go on,
// so that all who come meanwhile are in that transaction too.
func hold(t *testing.T, s *Store, ctx context.Context) (goOn func(), done <-chan error) {
	begun, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(begun) }) // a transaction that fails runs it again
	go func() {
		ended <- s.writer.do(ctx, func(tx *tx) error {
			begin()
			<-release
			tx.setBase("late", 7)
			return nil
		})
	}()
	<-begun
	return sync.OnceFunc(func() { close(release) }), ended
}

func TestWriter_OperationWhoseCallerLeavesInItsTurnStands(t *testing.T) {
	s := openForTest(t)
	ctx, leave := context.WithCancel(t.Context())
	goOn, done := hold(t, s, ctx)
	leave()
	require.ErrorIs(t, <-done, context.Canceled)
	goOn()

	_, err := s.Accept(t.Context(), rodFor("ann")) // has its turn after it
	require.NoError(t, err)
	left, err := s.Left(t.Context(), "late")
	require.NoError(t, err)
	require.Equal(t, 7, left)
}

func TestWriter_BadOperationCostsTheOthersOfItsTransactionNothing(t *testing.T) {
	s := openForTest(t)
	goOn, done := hold(t, s, t.Context())
	var wg sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		wg.Go(func() {
			if i == 3 {
				results[i] = s.writer.do(t.Context(), func(t *tx) error {
					t.hold([]units{{"rod", 5}})
					t.exec(t.enqueue, int64(1), int64(1<<40)) // queues orders a second time
					t.exec(t.insertOrder, int64(1<<40), nil, nil, nil, nil, nil)
					return nil
				})
				return
			}
			_, results[i] = s.Accept(t.Context(), rodFor(string(rune('a'+i))))
		})
	}
	goOn()
	require.NoError(t, <-done)
	wg.Wait()
	for i, err := range results {
		if i == 3 {
			require.ErrorIs(t, err, order.ErrUnavailable)
		} else {
			require.NoError(t, err)
		}
	}
	left, err := s.Left(t.Context(), "rod")
	require.NoError(t, err)
	require.Equal(t, 5, left)
	ledger, err := s.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 5, Waiting: 5}, ledger)
}
