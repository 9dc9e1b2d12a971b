package aws

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/banyan-edge/banyan/api/order"
)

// lefts remember the answers of Left for as long as Options.LeftAge says.
type lefts struct {
	mu    sync.Mutex
	bySKU map[string]left
	asked singleflight.Group
}

type left struct {
	units int
	at    time.Time
}

// Left returns how many units of sku can still be promised, as of LeftAge ago
// at most. For a SKU it does not know it returns an *order.UnknownProductError.
func (s *Store) Left(ctx context.Context, sku string) (int, error) {
	if s.o.LeftAge <= 0 {
		return s.countLeft(ctx, sku)
	}
	if known, ok := s.lefts.fresh(sku, s.now().Add(-s.o.LeftAge)); ok {
		return known, nil
	}
	// The first who asks reads for all, so it must not stop when that one goes.
	n, err, _ := s.lefts.asked.Do(sku, func() (any, error) {
		at := s.now()
		n, err := s.countLeft(context.WithoutCancel(ctx), sku)
		if err == nil {
			s.lefts.set(sku, left{n, at})
		}
		return n, err
	})
	return n.(int), err
}

func (s *Store) countLeft(ctx context.Context, sku string) (int, error) {
	counts, err := s.count(ctx, sku)
	if err != nil {
		return 0, fmt.Errorf("read stock of %q: %w", sku, unavailable(ctx, err))
	}
	c, known := counts[sku]
	if !known {
		return 0, &order.UnknownProductError{SKU: sku}
	}
	s.shelves.seen(sku, c.avail())
	return c.left(), nil
}

func (l *lefts) fresh(sku string, since time.Time) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.bySKU[sku]
	return known.units, ok && known.at.After(since)
}

func (l *lefts) set(sku string, known left) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySKU == nil {
		l.bySKU = map[string]left{}
	}
	l.bySKU[sku] = known
}
