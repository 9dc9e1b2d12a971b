package local_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

// The variables by which a test starts this test binary as another process.
const (
	childRole = "BANYAN_TEST_CHILD"
	childPath = "BANYAN_TEST_PATH"
	childName = "BANYAN_TEST_NAME"
)

// startChild starts this binary in a role, on a store.
func startChild(t *testing.T, role, path, name string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path, childName+"="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// runChild is the child's main.
func runChild(role string) int {
	run := map[string]func(*local.Store) error{"busy": beBusy, "full": fillDisk}[role]
	s, err := local.Open(context.Background(), local.Options{
		Path: os.Getenv(childPath), Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = run(s)
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 1
	}
	return 0
}

// beBusy accepts orders as fast as it can, prints each receipt as soon as it
// has it, and settles orders in every way, until it is killed.
func beBusy(s *local.Store) error {
	const callers = 16
	ctx := context.Background()
	errs := make(chan error)
	var n atomic.Int64
	for range callers {
		go func() {
			for {
				key := fmt.Sprintf("%s-%d", os.Getenv(childName), n.Add(1))
				receipt, err := s.Accept(ctx, orderWith(key))
				if err != nil {
					errs <- err
					return
				}
				fmt.Printf("%s %s\n", key, receipt.OrderID) // one write, so one whole line
			}
		}()
	}
	go func() { errs <- settleAll(ctx, s) }()
	return <-errs
}

// settleAll is a relay whose deliveries end in every way in turn.
func settleAll(ctx context.Context, s *local.Store) error {
	for {
		<-s.Arrived()
		waiting, err := s.Waiting(ctx, 0, 50)
		if err != nil {
			return err
		}
		if err := s.Settle(ctx, settlements(waiting)); err != nil {
			return err
		}
	}
}

func settlements(waiting []order.Queued) []order.Settlement {
	all := make([]order.Settlement, len(waiting))
	for i, q := range waiting {
		all[i] = order.Settlement{Seq: q.Seq, OrderID: q.Order.ID, Cause: "in turn", Disposition: order.Disposition(q.Seq % 4)}
	}
	return all
}

const rod = "muskie-casting-rod"

func orderWith(key string) order.Order {
	price := order.Money{Amount: 18900, Currency: "USD"}
	return order.Order{
		Customer: order.Customer{Email: "ann@example.com", Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"},
		Lines:    []order.Line{{SKU: rod, Quantity: 1, Price: &price}},
		Payment:  order.Payment{Token: "tok_demo"},
		Total:    price,
		Key:      key,
		Trace:    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Epoch:    7,
	}
}

// stocked returns a store with plenty of rods.
func stocked(t testing.TB, o local.Options) *local.Store {
	t.Helper()
	s := open(t, o)
	require.NoError(t, s.SeedStock(t.Context(), []order.Stock{{SKU: rod, OnHand: math.MaxInt32}}))
	return s
}
