package cloudfront

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/banyan-edge/banyan/edge/route"
)

// Item is one entry of the key-value store.
type Item struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// reservedBytes is kept free in a store for what a publisher notes there.
const reservedBytes = 2 * ValueBytes

// items returns what the key-value store is to hold for a table.
func items(table *route.Table, o Options) ([]Item, error) {
	h, pages, err := newHead(table, o)
	if err != nil {
		return nil, err
	}
	list := append(pages, shards(table)...)
	head, err := h.item()
	if err != nil {
		return nil, err
	}
	list = append(list, head)
	slices.SortFunc(list, func(a, b Item) int { return cmp.Compare(a.Key, b.Key) })
	return list, checkItems(list, len(table.Products()))
}

// checkItems returns an ErrLimit where the store would not take the items.
func checkItems(list []Item, products int) error {
	total := 0
	for _, i := range list {
		if len(i.Key) > KeyBytes || len(i.Value) > ValueBytes {
			return fmt.Errorf("the item %.40s has a key of %d bytes (of %d) and a value of %d (of %d): %w",
				i.Key, len(i.Key), KeyBytes, len(i.Value), ValueBytes, ErrLimit)
		}
		total += len(i.Key) + len(i.Value)
	}
	total = max(total, len(importFile(list)))
	if most := StoreBytes - reservedBytes; total > most {
		return fmt.Errorf("the items of %d products take %d bytes where a key-value store takes %d (%d bytes a product where %d would do): %w",
			products, total, most, total/max(1, products), most/max(1, products), ErrLimit)
	}
	return nil
}

// importFile writes items in the form that a key-value store is imported from.
func importFile(list []Item) []byte {
	var b bytes.Buffer
	b.WriteString("{\"data\":[\n")
	for i, item := range list {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(compact(item))
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// compact writes v as JSON without spaces, and without the escapes that only
// HTML needs.
func compact(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings and numbers
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
