package legacydb

import (
	"maps"
	"slices"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// subject is what a mapping writes: an order, or a listing.
type subject struct {
	order   *order.Order
	listing *listing.Listing
}

// vocabulary is what the statements of a mapping may say.
type vocabulary struct {
	mapping string // the key in the legacy section; empty: write
	subject string // in a word
	fields  map[string]func(subject) any

	list  string // that a statement can be repeated for
	item  string // one of it
	items map[string]func(subject, int) any
	count func(subject) int

	reserved []string // first words of placeholders, which no row can be called
	behind   string   // the cause of what waits for an earlier one
}

var orderWords = vocabulary{
	subject: "order", list: EachLine, item: "line",
	fields: adapt(fields, func(field func(*order.Order) any) func(subject) any {
		return func(s subject) any { return field(s.order) }
	}),
	items:    adapt(lineFields, ofLine),
	count:    func(s subject) int { return len(s.order.Lines) },
	reserved: []string{"id", "key", "customer", "payment", "total", "accepted_at", "trace", "line"},
	behind:   "an earlier order of this customer has to be written first",
}

func ofLine(field func(*order.Line, int) any) func(subject, int) any {
	return func(s subject, i int) any { return field(&s.order.Lines[i], i+1) }
}

// adapt makes each function of a table into another.
func adapt[From, To any](table map[string]From, one func(From) To) map[string]To {
	adapted := make(map[string]To, len(table))
	for name, f := range table {
		adapted[name] = one(f)
	}
	return adapted
}

// known returns the placeholders that a statement may use, sorted.
func (v vocabulary) known(each bool, rows []string) []string {
	names := slices.Collect(maps.Keys(v.fields))
	if each {
		names = slices.AppendSeq(names, maps.Keys(v.items))
	}
	for _, row := range rows {
		names = append(names, row+".…")
	}
	slices.Sort(names)
	return names
}
