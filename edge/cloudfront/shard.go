package cloudfront

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// shardProducts is how many products of the file a shard has on average, at
// most. It follows from their number and not from how they are flipped, so that
// a flip never moves another product to another shard. Where it grows past a
// power of two times this, every shard has a new key, and is written anew.
const shardProducts = 16

// The marks in a shard's value. No slug can hold them.
const (
	entryMark = "|" // before each entry, and after the last
	fieldMark = " " // between an entry's fields
	moreMark  = ">" // ends a value that goes on under the key with the same sign
)

// shardsFor returns the number of shards for so many products: a power of two.
func shardsFor(products int) int {
	if products == 0 {
		return 0
	}
	n := 1
	for n*shardProducts < products {
		n *= 2
	}
	return n
}

// shardOf returns the shard that a slug is in: the first 4 bytes of its
// SHA-256, big-endian, mod shards.
func shardOf(slug string, shards int) int {
	sum := sha256.Sum256([]byte(slug))
	return int(binary.BigEndian.Uint32(sum[:]) % uint32(shards))
}

// shardKey returns the key of a shard's first value.
func shardKey(shards, shard int) string { return fmt.Sprintf("p%d.%d", shards, shard) }

// ProductKey returns the key of the item that a product's flip is in.
func ProductKey(table *route.Table, slug string) string {
	n := shardsFor(len(table.Products()))
	if n == 0 {
		return ""
	}
	return shardKey(n, shardOf(slug, n))
}

// shards returns the items that hold the products.
func shards(table *route.Table) (list []Item) {
	products := table.Products()
	n := shardsFor(len(products))
	withLegacy := readTwoWays(table.Config().Products.Paths)
	entries := make(map[int][]string)
	for _, p := range products { // by slug
		if p.Arm == route.Legacy && !withLegacy {
			continue
		}
		shard := shardOf(p.Slug, n)
		entries[shard] = append(entries[shard], p.Slug+fieldMark+record(p))
	}
	for shard, entries := range entries {
		list = append(list, shardItems(shardKey(n, shard), entries)...)
	}
	return list
}

// shardItems fills one value after the other with entries.
func shardItems(key string, entries []string) (list []Item) {
	var value strings.Builder
	for _, entry := range entries {
		if value.Len() > 0 && value.Len()+len(entryMark+entry+entryMark+moreMark) > ValueBytes {
			list = append(list, Item{key, value.String() + entryMark + moreMark})
			key += moreMark
			value.Reset()
		}
		value.WriteString(entryMark + entry)
	}
	return append(list, Item{key, value.String() + entryMark})
}

// record writes how a product is flipped: "l" for the legacy arm; "s" for the
// serverless one, and then, where they are not the usual, the share in
// hundredths of a percent and the schedule in milliseconds since 1970, "-" for
// no bound.
func record(p route.Product) string {
	switch {
	case p.Arm == route.Legacy:
		return "l"
	case p.From.IsZero() && p.Until.IsZero() && p.Share >= route.Everyone:
		return "s"
	case p.From.IsZero() && p.Until.IsZero():
		return fmt.Sprintf("s %d", p.Share)
	case p.Until.IsZero():
		return fmt.Sprintf("s %d %s", p.Share, moment(p.From))
	}
	return fmt.Sprintf("s %d %s %s", p.Share, moment(p.From), moment(p.Until))
}

// moment writes the first millisecond that is not before t.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return fmt.Sprint(t.Add(time.Millisecond - 1).UnixMilli())
}

// readTwoWays reports whether a path can be of two of these forms and name a
// different product in each. Then the first that is known decides, be it on the
// legacy arm, and the function must know it too.
func readTwoWays(paths []string) bool {
	for i, a := range paths {
		for _, b := range paths[:i] {
			if productSegment(a) != productSegment(b) && overlap(a, b) {
				return true
			}
		}
	}
	return false
}

func productSegment(path string) int {
	return slices.Index(strings.Split(path, "/"), "{product}")
}

// overlap reports whether a path can be of both forms.
func overlap(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(x), len(y)) {
		if x[i] == "*" || y[i] == "*" {
			return true
		}
		if !isNamed(x[i]) && !isNamed(y[i]) && x[i] != y[i] {
			return false
		}
	}
	return len(x) == len(y)
}

func isNamed(segment string) bool { return strings.HasPrefix(segment, "{") }
