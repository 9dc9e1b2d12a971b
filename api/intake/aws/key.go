package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"time"
)

// lanes is over how many hash keys each part of an index is spread. It is a
// part of the table's design: with fewer, items in the upper ones are not found.
const lanes = 16

func claimKey(claim string) string {
	sum := sha256.Sum256([]byte(claim))
	return "claim." + hex.EncodeToString(sum[:16])
}

func orderKey(id string) string { return "order." + id }

// trailKey is an entry of the audit of an order, counted from 1.
func trailKey(id string, n int) string { return fmt.Sprintf("trail.%d.%s", n, id) }

// strayKey is what was done to a message that is no order of the table.
func strayKey(message string) string { return "stray." + message }

func orderIDOf(key string) string { return strings.TrimPrefix(key, "order.") }

// stockKey is the item of one shard of a SKU. Shard 0 is the SKU's own item.
func stockKey(sku string, shard int) string {
	if shard == 0 {
		return "stock." + sku
	}
	return fmt.Sprintf("shard.%d.%s", shard, sku)
}

func skuOf(key string) string { return strings.TrimPrefix(key, "stock.") }

func ledgerKey(part int) string { return fmt.Sprintf("ledger.%d", part) }

// laneOf puts what must stay in sequence into the same lane.
func laneOf(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % lanes)
}

// placeKey is the hash key, in the index places, of what stands at a place.
func placeKey(place string, lane int) string { return fmt.Sprintf("%s.%d", place, lane) }

// dueKey is the hash key of a lane in the index dues.
func dueKey(lane int) string { return fmt.Sprintf("due.%d", lane) }

// rankOf and dueOf make sort keys: as text they sort as the numbers do, and no
// two orders have the same.
func rankOf(seq int64, id string) string { return fmt.Sprintf("%019d.%s", seq, id) }

func dueOf(at time.Time, rank string) string { return fmt.Sprintf("%015d.%s", at.UnixMilli(), rank) }

// sequence numbers orders in the order of acceptance: by the clock, in
// nanoseconds, and never the same number twice in one process.
type sequence struct{ last atomic.Int64 }

func (s *sequence) next(now time.Time) int64 {
	for {
		last := s.last.Load()
		next := max(last+1, now.UnixNano())
		if s.last.CompareAndSwap(last, next) {
			return next
		}
	}
}
