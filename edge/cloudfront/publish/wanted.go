package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// Wanted is a compiled table, as the store is to have it.
type Wanted struct {
	Epoch uint64
	Items map[string]string // every key that the function reads

	// First and Last are keys whose change goes before and after all others'.
	// First: what sends everything to legacy. Last: what lets it go on again,
	// and what tells the function where the others are.
	First, Last []string

	// Group returns what items belong together by: those of one group that
	// change go in one call. nil: each stands by itself.
	Group func(key string) string

	Edge Edge // what the items go with
}

// Edge is the part of the edge that a publish does not change, as fingerprints:
// the cache behaviours and the function. They change with a deploy. Empty is not
// known.
type Edge struct {
	Behaviors string `json:"behaviors,omitempty"`
	Function  string `json:"function,omitempty"`
}

// hashItems tells one content of a store from another.
func hashItems(items map[string]string) string {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(items)) {
		fmt.Fprintf(h, "%d:%s=%d:%s\n", len(key), key, len(items[key]), items[key])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// sizeOf returns what items take of the store's quota, in bytes.
func sizeOf(items map[string]string) int {
	n := 0
	for key, value := range items {
		n += len(key) + len(value)
	}
	return n
}

// Fingerprint tells one text, or one sequence of texts, from another: what is
// deployed from what a table needs.
func Fingerprint(texts ...[]byte) string {
	h := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(h, "%d:", len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
