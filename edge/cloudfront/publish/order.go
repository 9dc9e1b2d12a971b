package publish

import (
	"cmp"
	"slices"
)

// write is one key of an UpdateKeys call.
type write struct {
	key    string
	value  string
	delete bool
	mark   *Mark // where the item is the mark
}

// batch is one call; the store takes all of it or nothing.
type batch []write

// order says what goes in which call. While several calls are made, and after
// one that was killed, a shopper's request meets some of them and not the rest,
// so:
//
//  1. the mark says that a publish is under way;
//  2. First: where everything is to go to legacy, it does at once;
//  3. keys that are new, which no reader asked for before;
//  4. keys that change: each product is as it was or as it will be, by itself;
//  5. Last: what tells the function where the products are, when all are there;
//  6. keys that are not wanted, which no reader asks for any more;
//  7. the mark says that it is done.
//
// So a product that stays is never missing for a moment, and one whose item is
// missing is legacy's, which is always right, if slow. Only where old and new do
// not fit in the store together, what goes is taken away first, and what becomes
// shorter before what becomes longer.
func order(p Plan, w Wanted, begun, done Mark) []batch {
	var first, last, added, changed, removed []write
	sort := func(c Change, ordinary *[]write, after write) {
		switch {
		case slices.Contains(w.First, c.Key):
			first = append(first, after)
		case slices.Contains(w.Last, c.Key):
			last = append(last, after)
		default:
			*ordinary = append(*ordinary, after)
		}
	}
	for _, c := range p.Added {
		sort(c, &added, write{key: c.Key, value: c.After})
	}
	for _, c := range p.Changed {
		sort(c, &changed, write{key: c.Key, value: c.After})
	}
	for _, c := range p.Removed {
		sort(c, &removed, write{key: c.Key, delete: true})
	}
	all := slices.Concat(first, added, changed, last, removed)
	if p.Quota.Peak > StoreBytes {
		growth := make(map[string]int, len(p.Changed))
		for _, c := range p.Changed {
			growth[c.Key] = len(c.After) - len(c.Before)
		}
		slices.SortStableFunc(changed, func(a, b write) int { return cmp.Compare(growth[a.key], growth[b.key]) })
		all = slices.Concat(first, removed, changed, added, last)
	}
	end := write{key: MarkKey, value: done.encode(), mark: &done}
	if len(all)+1 <= KeysPerCall {
		return []batch{append(all, end)}
	}
	begin := write{key: MarkKey, value: begun.encode(), mark: &begun}
	return inCalls(append(append([]write{begin}, all...), end), w.Group)
}

// inCalls cuts writes into calls, not within a group that fits in one.
func inCalls(all []write, group func(string) string) (calls []batch) {
	if group == nil {
		group = func(key string) string { return key }
	}
	var call batch
	for len(all) > 0 {
		n := 1
		for n < len(all) && n < KeysPerCall && group(all[n].key) == group(all[0].key) {
			n++
		}
		if len(call)+n > KeysPerCall {
			calls, call = append(calls, call), nil
		}
		call, all = append(call, all[:n]...), all[n:]
	}
	return append(calls, call)
}
