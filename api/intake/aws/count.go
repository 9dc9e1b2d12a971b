package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/banyan-edge/banyan/api/order"
)

// MaxShards is over how many counters a SKU is spread at most, so that all of
// them fit one transaction beside an order.
const MaxShards = 64

// ShardsFor is how many counters the units are spread over where Options do not
// say: one for every 16 units, at most 32. Fewer units are sold out before the
// limit of one counter is felt.
func ShardsFor(onHand int) int { return min(32, max(1, onHand/16)) }

// shards is how many counters the store gives so many units.
func (s *Store) shards(onHand int) int { return min(MaxShards, max(1, s.o.Shards(onHand))) }

// shard is one counter of a SKU. At any moment
//
//	sum of avail - debt = on hand - sum of held - sum of sold
//
// where debt is how many units are promised or sold that legacy says it never
// had; while there is a debt nothing is available. Turn changes with everything
// that is not a hold or a sale out of one: while it stays, avail only falls.
type shard struct {
	Avail int `dynamodbav:"avail"`
	Held  int `dynamodbav:"held"`
	Sold  int `dynamodbav:"sold"`
}

// shelf is the item of a SKU, which is also its first shard.
type shelf struct {
	PK     string `dynamodbav:"pk"`
	Place  string `dynamodbav:"place"`
	Rank   string `dynamodbav:"rank"`
	OnHand int    `dynamodbav:"on_hand"`
	Shards int    `dynamodbav:"shards"`
	Debt   int    `dynamodbav:"debt"`
	Turn   int    `dynamodbav:"turn"`
	shard
}

// count is what all shards of one SKU were seen to have. They were not read at
// one moment; exact says that no unit was given back or added meanwhile, so that
// no more than left was there at the end of the reading.
type count struct {
	shelf
	shards []shard
	exact  bool
}

func (c *count) left() int {
	var n int
	for _, sh := range c.shards {
		n += sh.Avail
	}
	return n
}

func (c *count) stock() order.Stock {
	st := order.Stock{SKU: skuOf(c.PK), OnHand: c.OnHand}
	for _, sh := range c.shards {
		st.Held += sh.Held
		st.Sold += sh.Sold
	}
	return st
}

func (c *count) avail() []int {
	all := make([]int, len(c.shards))
	for i, sh := range c.shards {
		all[i] = sh.Avail
	}
	return all
}

// count counts the SKUs that are known. A SKU's own item is read before and
// after its shards: its turn tells whether something came back in between.
func (s *Store) count(ctx context.Context, skus ...string) (map[string]*count, error) {
	before, err := s.readShelves(ctx, skus)
	if err != nil {
		return nil, err
	}
	var shardKeys, sharded []string
	for sku, sh := range before {
		for n := 1; n < sh.Shards; n++ {
			shardKeys = append(shardKeys, stockKey(sku, n))
		}
		if sh.Shards > 1 {
			sharded = append(sharded, sku)
		}
	}
	items, err := s.getMany(ctx, shardKeys)
	if err != nil {
		return nil, err
	}
	after, err := s.readShelves(ctx, sharded)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]*count, len(before))
	for sku, sh := range before {
		turn, shards := sh.Turn, sh.Shards
		if again, ok := after[sku]; ok {
			sh = again
		}
		c := &count{shelf: sh, exact: sh.Turn == turn, shards: make([]shard, max(1, shards))}
		c.shards[0] = sh.shard
		for n := 1; n < shards; n++ {
			if err := attributevalue.UnmarshalMap(items[stockKey(sku, n)], &c.shards[n]); err != nil {
				return nil, err
			}
		}
		counts[sku] = c
	}
	return counts, nil
}

func (s *Store) readShelves(ctx context.Context, skus []string) (map[string]shelf, error) {
	keys := make([]string, len(skus))
	for i, sku := range skus {
		keys[i] = stockKey(sku, 0)
	}
	items, err := s.getMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	all := make(map[string]shelf, len(items))
	for pk, it := range items {
		var sh shelf
		if err := attributevalue.UnmarshalMap(it, &sh); err != nil {
			return nil, err
		}
		all[skuOf(pk)] = sh
	}
	return all, nil
}
