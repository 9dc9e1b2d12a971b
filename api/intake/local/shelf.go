package local

import (
	"sync"
	"sync/atomic"

	"github.com/banyan-edge/banyan/api/order"
)

// shelf is the stock of one SKU in memory. The counts are the writer's and run
// ahead of the file while a transaction is open; left is everybody's and is set
// after the commit.
type shelf struct {
	sku                string
	onHand, held, sold int
	touched            bool // by the open transaction
	left               atomic.Int64
}

func (sh *shelf) stock() order.Stock {
	return order.Stock{SKU: sh.sku, OnHand: sh.onHand, Held: sh.held, Sold: sh.sold}
}

func (sh *shelf) publish() { sh.left.Store(int64(sh.stock().Left())) }

// shelves are all SKUs. Only the writer adds to them.
type shelves struct {
	mu    sync.RWMutex
	bySKU map[string]*shelf
}

func newShelves() *shelves { return &shelves{bySKU: map[string]*shelf{}} }

func (s *shelves) find(sku string) *shelf {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bySKU[sku]
}

func (s *shelves) add(added ...*shelf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range added {
		s.bySKU[sh.sku] = sh
	}
}

// shelf finds a SKU's shelf, also one that this transaction added.
func (t *tx) shelf(sku string) *shelf {
	if sh := t.w.store.shelves.find(sku); sh != nil {
		return sh
	}
	for _, sh := range t.added {
		if sh.sku == sku {
			return sh
		}
	}
	return nil
}

// move changes a shelf's counts; the commit writes them.
func (t *tx) move(sh *shelf, held, sold int) {
	sh.held += held
	sh.sold += sold
	if !sh.touched {
		sh.touched = true
		t.touched = append(t.touched, sh)
	}
}

// setBase writes how many units legacy had, and adds the SKU where it is new.
func (t *tx) setBase(sku string, onHand int) {
	sh := t.shelf(sku)
	if sh == nil {
		sh = &shelf{sku: sku}
		t.added = append(t.added, sh)
	}
	sh.onHand = onHand
	t.exec(t.setStock, sku, int64(onHand))
	t.move(sh, 0, 0)
}

// publish shows what was committed to others.
func (t *tx) publish() {
	for _, sh := range t.touched {
		sh.touched = false
		sh.publish()
	}
	if len(t.added) > 0 {
		t.w.store.shelves.add(t.added...)
	}
	if t.edited {
		t.w.store.edits.Add(1)
	}
}
