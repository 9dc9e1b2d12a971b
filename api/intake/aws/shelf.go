package aws

import (
	"math/rand/v2"
	"slices"
	"sync"
)

// shelves remember what each SKU's shards were last seen to have. It is a guess
// at where an order's units may be, never an answer: a hold that was planned on
// a stale one fails in its transaction, which tells what is there.
type shelves struct {
	mu    sync.Mutex
	bySKU map[string][]int
}

// seen sets what a SKU's shards have.
func (s *shelves) seen(sku string, avail []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bySKU == nil {
		s.bySKU = map[string][]int{}
	}
	s.bySKU[sku] = avail
}

// correct sets what one shard has.
func (s *shelves) correct(sku string, shard, avail int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.bySKU[sku]; shard < len(known) {
		known[shard] = avail
	}
}

// forget forgets a SKU, so that it is counted when it is next asked for.
func (s *shelves) forget(sku string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bySKU, sku)
}

// taken takes units off.
func (s *shelves) taken(h held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.bySKU[h.SKU]; h.Shard < len(known) {
		known[h.Shard] = max(0, known[h.Shard]-h.Units)
	}
}

// pick says where units may be had, or nil where there seem to be too few. It is
// one shard picked at random of those that have enough, if it can be one
// that is not to be avoided; else as few as will do.
func (s *shelves) pick(u units, avoid map[string]bool, ownFirst bool) []held {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.bySKU[u.sku]
	if ownFirst && len(known) > 0 && known[0] >= u.count {
		return []held{{u.sku, 0, u.count}}
	}
	busy := -1
	for _, at := range rand.Perm(len(known)) {
		switch {
		case known[at] < u.count:
		case avoid[stockKey(u.sku, at)]:
			busy = at
		default:
			return []held{{u.sku, at, u.count}}
		}
	}
	if busy >= 0 {
		return []held{{u.sku, busy, u.count}}
	}
	return pickSeveral(u, known)
}

// pickSeveral takes the fullest shards first.
func pickSeveral(u units, known []int) []held {
	fullest := make([]int, len(known))
	for i := range fullest {
		fullest[i] = i
	}
	slices.SortFunc(fullest, func(a, b int) int { return known[b] - known[a] })
	var all []held
	need := u.count
	for _, at := range fullest {
		if n := min(need, known[at]); n > 0 {
			all = append(all, held{u.sku, at, n})
			need -= n
		}
	}
	if need > 0 {
		return nil
	}
	return all
}
