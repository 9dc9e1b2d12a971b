package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
)

// newBudget returns the budget of the settings. It adapts to how long legacy
// takes, unless legacy.adapt is false.
func newBudget(s legacydb.Config, log *slog.Logger) *relay.Budget {
	if s.FixedBudget {
		return relay.NewBudget(s.Connections)
	}
	return relay.NewAdaptiveBudget(relay.BudgetOptions{Connections: s.Connections, Logger: log})
}

// budgetWords says how many connections legacy gets, for the console.
func (in *installation) budgetWords() string {
	limit, ceiling := in.budget.Limit(), in.budget.Ceiling()
	if limit < ceiling {
		return fmt.Sprintf("it answers slowly: at most %d of its %d connections are used", limit, ceiling)
	}
	if ceiling == 1 {
		return "its one connection may be used"
	}
	return fmt.Sprintf("all of its %d connections may be used", ceiling)
}

// errLegacyAway: legacy is known not to answer, and was not asked.
var errLegacyAway = errors.New("legacy does not answer")

// askAgainAfter is how long legacy is not asked for its count again once it did
// not give it, so that the pages that show it do not wait.
const askAgainAfter = 5 * time.Second

// patience is with a legacy that was asked in vain.
type patience struct {
	mu    sync.Mutex
	until time.Time
}

// ask asks, or returns errLegacyAway at once where that was in vain a moment
// ago.
func (p *patience) ask(ctx context.Context, count func(context.Context) (int64, error)) (int64, error) {
	p.mu.Lock()
	rests := time.Now().Before(p.until)
	p.mu.Unlock()
	if rests {
		return 0, errLegacyAway
	}
	n, err := count(ctx)
	if err != nil && !errors.Is(err, context.Canceled) { // a viewer who left says nothing of legacy
		p.mu.Lock()
		p.until = time.Now().Add(askAgainAfter)
		p.mu.Unlock()
	}
	return n, err
}
