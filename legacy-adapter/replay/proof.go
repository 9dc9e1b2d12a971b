package replay

import (
	"errors"
	"net/http"
	"sync"

	"github.com/banyan-edge/banyan/edge/route"
)

// proofs remember which lookups were seen to find what legacy has. A lookup
// that is written wrong finds nothing, ever, and would have every request whose
// answer was lost sent again; so it is tried on a request that legacy took.
type proofs struct {
	mu   sync.Mutex
	seen map[string]bool // by the lookup's words: whether it found it
}

// errDisproved: what the lookup says is not believed.
var errDisproved = errors.New("the lookup did not find what legacy had taken before")

func (p *proofs) set(l *route.Lookup, found bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil {
		p.seen = make(map[string]bool)
	}
	p.seen[l.Words()] = found
}

// of returns whether the lookup was tried, and how it did the last time.
func (p *proofs) of(l *route.Lookup) (found, tried bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, tried = p.seen[l.Words()]
	return found, tried
}

// prove tries the route's lookup on a request that legacy has just taken, until
// it has found one. A redirect proves nothing: many a shop answers a form with
// faults by one.
func (j *job) prove(a *Answer) {
	rule, _ := j.options.Route(j.c.Rule)
	if rule.FoundBy == nil || a.Status >= http.StatusMultipleChoices {
		return
	}
	if found, _ := j.proofs.of(rule.FoundBy); found {
		return
	}
	switch finding, err := j.find(j.working, rule); finding {
	case found:
		j.proofs.set(rule.FoundBy, true)
	case missing:
		j.proofs.set(rule.FoundBy, false)
		j.log.Error("lookup does not find what legacy has taken", "rule", j.c.Rule, "order_id", j.c.ID, "status", a.Status)
	case useless:
		j.log.Error("lookup cannot be made", "rule", j.c.Rule, "order_id", j.c.ID, "error", err)
	}
}
