package aws_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/order"
)

// sharded is a rig whose SKUs have so many shards.
func sharded(t *testing.T, shards int) *rig {
	return newRig(t, func(o *aws.Options) { o.Shards = func(int) int { return shards } })
}

// holds reads from which shards an order took its units.
func (r *rig) holds(t *testing.T, id string) map[int]int {
	t.Helper()
	out, err := r.db.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &r.options.Table,
		Key:       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "order." + id}},
	})
	require.NoError(t, err)
	var stored struct {
		Holds []struct {
			Shard int `dynamodbav:"shard"`
			Units int `dynamodbav:"units"`
		} `dynamodbav:"holds"`
	}
	require.NoError(t, attributevalue.UnmarshalMap(out.Item, &stored))
	units := map[int]int{}
	for _, h := range stored.Holds {
		units[h.Shard] += h.Units
	}
	return units
}

func TestStock_ShardsForSmallAndLargeStocks(t *testing.T) {
	t.Parallel()
	for onHand, want := range map[int]int{-1: 1, 0: 1, 1: 1, 16: 1, 31: 1, 32: 2, 160: 10, 100_000: 32} {
		require.Equal(t, want, aws.ShardsFor(onHand), "%d on hand", onHand)
	}
}

// Several processes, each with its own idea of what is where, sell a SKU that is
// spread over several counters.
func TestAccept_ManyBuyersForFewUnitsInShards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ buyers, units, each, sold int }{
		{buyers: 40, units: 10, each: 1, sold: 10},
		{buyers: 25, units: 10, each: 3, sold: 3}, // three times 3 of 10, and 1 left for nobody
	} {
		t.Run(fmt.Sprintf("%d times %d of %d", c.buyers, c.each, c.units), func(t *testing.T) {
			t.Parallel()
			r := sharded(t, 4)
			r.stocked(t, rod, c.units)
			stores := []*aws.Store{r.Store}
			for range 2 {
				r.reopen(t)
				stores = append(stores, r.Store)
			}
			var sold, soldOut atomic.Int64
			var wg sync.WaitGroup
			for i := range c.buyers {
				wg.Go(func() {
					_, err := stores[i%len(stores)].Accept(t.Context(), orderOf(fmt.Sprint(i), rod, c.each))
					var out *order.SoldOutError
					switch {
					case err == nil:
						sold.Add(1)
					case errors.As(err, &out):
						soldOut.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, c.sold, sold.Load())
			require.EqualValues(t, c.buyers-c.sold, soldOut.Load())
			left, err := r.Left(t.Context(), rod)
			require.NoError(t, err)
			require.Equal(t, c.units-c.sold*c.each, left)
			require.Equal(t, order.Ledger{Accepted: int64(c.sold), Waiting: int64(c.sold)}, r.ledger(t))
		})
	}
}

func TestAccept_OrderLargerThanAShardTakesFromSeveral(t *testing.T) {
	t.Parallel()
	r := sharded(t, 4)
	r.stocked(t, rod, 10) // 3, 3, 2, 2
	receipt := r.accepted(t, orderOf("large", rod, 7))
	require.Len(t, r.holds(t, receipt.OrderID), 3)

	_, err := r.Accept(t.Context(), orderOf("too large", rod, 4))
	var soldOut *order.SoldOutError
	require.ErrorAs(t, err, &soldOut)
	require.Equal(t, order.SoldOutError{SKU: rod, Left: 3}, *soldOut)

	require.NoError(t, r.Cancel(t.Context(), receipt.OrderID, "changed my mind"))
	require.Len(t, r.holds(t, r.accepted(t, orderOf("all", rod, 10)).OrderID), 4)
}

func TestAccept_OneOfOneIsOneItem(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stocked(t, creel, 1)
	receipt := r.accepted(t, orderOf("k", creel, 1))
	require.Equal(t, map[int]int{0: 1}, r.holds(t, receipt.OrderID))
	_, err := r.Accept(t.Context(), orderOf("another", creel, 1))
	var soldOut *order.SoldOutError
	require.ErrorAs(t, err, &soldOut)
	require.Zero(t, soldOut.Left)
}

// While the shards are read one after the other, units may come back to one that
// was already seen empty: a refusal on such a count could be wrong.
func TestAccept_CountDuringAReturnIsNotTrusted(t *testing.T) {
	t.Parallel()
	db := &flakyDB{}
	r := newRig(t, func(o *aws.Options) {
		db.DynamoDB = o.DynamoDB
		o.DynamoDB = db
		o.Shards = func(int) int { return 2 }
	})
	r.stocked(t, rod, 2)
	back := r.accepted(t, orderOf("one", rod, 1)).OrderID
	other := r.accepted(t, orderOf("other", rod, 1)).OrderID
	if r.holds(t, other)[1] == 1 {
		back = other // the one whose unit is not in the SKU's own item
	}
	quiet := r.options
	quiet.DynamoDB = r.db
	elsewhere, err := aws.New(t.Context(), quiet)
	require.NoError(t, err)

	// The own item, the shards, and the own item again are read.
	db.batch.set(nil, func(call int) error {
		if call == 2 {
			return elsewhere.Cancel(t.Context(), back, "changed my mind")
		}
		return nil
	})
	r.accepted(t, orderOf("last", rod, 1))
	require.Equal(t, 6, db.batch.calls)
}

func TestAccept_SameOrderInSeveralProcessesIsOneOrder(t *testing.T) {
	t.Parallel()
	r := sharded(t, 2)
	r.stocked(t, rod, 2)
	receipts := make([]order.Receipt, 12)
	var wg sync.WaitGroup
	for i := range receipts {
		r.reopen(t)
		store := r.Store
		wg.Go(func() {
			receipt, err := store.Accept(t.Context(), orderOf("k", rod, 2))
			if err != nil {
				t.Error(err)
			}
			receipts[i] = receipt
		})
	}
	wg.Wait()
	for _, receipt := range receipts {
		require.Equal(t, receipts[0].OrderID, receipt.OrderID)
	}
	require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, r.ledger(t))
	require.Equal(t, []string{receipts[0].OrderID}, r.sentIDs(t))
}

func TestReconcile_RestockedSKUGetsMoreShardsAndPaysItsDebtFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *aws.Options) { o.Shards = func(onHand int) int { return onHand/3 + 1 } })
	r.stocked(t, rod, 5)
	id := r.accepted(t, orderOf("k", rod, 4)).OrderID
	set := func(onHand, left int) {
		t.Helper()
		_, err := r.Reconcile(t.Context(), onlyHas(onHand))
		require.NoError(t, err)
		got, err := r.Left(t.Context(), rod)
		require.NoError(t, err)
		require.Equal(t, left, got)
		stocks, err := r.Stocks(t.Context())
		require.NoError(t, err)
		require.Equal(t, left, stocks[0].Left())
	}
	set(1, 0) // three of the four that are promised are not there
	set(2, 0)
	require.NoError(t, r.Cancel(t.Context(), id, "changed my mind"))
	set(2, 2)
	set(20, 20)
	require.Len(t, r.holds(t, r.accepted(t, orderOf("all", rod, 20)).OrderID), 7)
	set(21, 1)
}

func onlyHas(onHand int) func(context.Context) (map[string]int, error) {
	return func(context.Context) (map[string]int, error) { return map[string]int{rod: onHand}, nil }
}

func TestLedger_BalancesWhileEverythingMoves(t *testing.T) {
	t.Parallel()
	r := sharded(t, 4)
	r.stocked(t, rod, 100)
	busy := make(chan struct{})
	go func() {
		defer close(busy)
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() { live(t, r, i) })
		}
		wg.Wait()
	}()
	for moving := true; moving; {
		select {
		case <-busy:
			moving = false
		default:
		}
		l, err := r.Ledger(t.Context())
		require.NoError(t, err)
		require.True(t, l.Balanced(), "%+v", l)
	}
	require.EqualValues(t, 24, r.ledger(t).Accepted)
}

// live is the life of one order, whatever comes of it.
func live(t *testing.T, r *rig, i int) {
	receipt, err := r.Accept(t.Context(), orderOf(fmt.Sprint(i), rod, 1))
	if err != nil {
		t.Error(err)
		return
	}
	for _, d := range rand.Perm(4) {
		st := order.Settlement{OrderID: receipt.OrderID, Disposition: order.Disposition(d), Cause: "so it goes"}
		if err := r.Settle(t.Context(), []order.Settlement{st}); err != nil {
			t.Error(err)
		}
	}
}
