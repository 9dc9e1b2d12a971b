package publish

import (
	"fmt"
	"maps"
	"slices"
)

// Change is one item that differs. Before is empty for one that is added, After
// for one that is removed.
type Change struct {
	Key    string `json:"key"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Plan is what publishing would change.
type Plan struct {
	Store   string   `json:"store"`
	From    uint64   `json:"from"` // the epoch that the store has; 0: none
	To      uint64   `json:"to"`
	Added   []Change `json:"added"`
	Changed []Change `json:"changed"`
	Removed []Change `json:"removed"`

	Resumes bool     `json:"resumes,omitempty"` // a publish was cut short, and this one ends it
	Edited  bool     `json:"edited,omitempty"`  // somebody changed the store by hand
	Edits   []Change `json:"edits,omitempty"`   // what, where it can be told; Before is what was published
	Deploy  []string `json:"deploy,omitempty"`  // what a publish cannot change: "behaviors", "function"
	Unknown []string `json:"unknown,omitempty"` // what of it nobody knows the deployed state of

	Quota    Quota     `json:"quota"`
	Calls    Calls     `json:"calls"`
	Problems []Problem `json:"problems,omitempty"` // what stands in the way

	marks bool // the mark has to be written
}

// Quota is how much of the store the table takes.
type Quota struct {
	Bytes        int    `json:"bytes"` // of StoreBytes
	Peak         int    `json:"peak"`  // while both tables are in the store
	Keys         int    `json:"keys"`
	BiggestKey   string `json:"biggest_key,omitempty"`
	BiggestValue int    `json:"biggest_value"` // of ValueBytes
}

// Calls are those that a publish makes of the API, where nobody interferes.
type Calls struct {
	Read   int `json:"read"`
	Write  int `json:"write"`
	Verify int `json:"verify"`
	Cost   USD `json:"cost_usd"`
}

// Total returns all calls.
func (c Calls) Total() int { return c.Read + c.Write + c.Verify }

// Nothing reports whether the store has this table already.
func (p Plan) Nothing() bool { return p.Items() == 0 && !p.marks }

// Items returns how many items would be written or removed.
func (p Plan) Items() int { return len(p.Added) + len(p.Changed) + len(p.Removed) }

// Compare returns what publishing would change. base is what was published last,
// by which edits by hand are told one by one; nil where it is not known.
func Compare(now State, w Wanted, base map[string]string) Plan {
	p := Plan{Store: now.Store, From: now.Mark.Epoch, To: w.Epoch, Resumes: now.cutShort(), Edited: now.edited()}
	p.Added, p.Changed, p.Removed = diff(now.Items, w.Items)
	if p.Edited && base != nil && hashItems(base) == now.Mark.Hash {
		added, changed, removed := diff(base, now.Items)
		p.Edits = slices.Concat(added, changed, removed)
	}
	p.marks = now.Mark.Epoch != w.Epoch || now.Mark.Hash != hashItems(w.Items) || now.cutShort()
	p.deploy(now.Mark.Edge, w.Edge)
	p.Quota = quotaOf(now, w)
	p.Calls = p.calls(now, w)
	p.problems(now, w)
	return p
}

// diff returns what makes after of before, by key.
func diff(before, after map[string]string) (added, changed, removed []Change) {
	added, changed, removed = []Change{}, []Change{}, []Change{}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		switch old, ok := before[key]; {
		case !ok:
			added = append(added, Change{Key: key, After: after[key]})
		case old != after[key]:
			changed = append(changed, Change{Key: key, Before: old, After: after[key]})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[key]; !ok {
			removed = append(removed, Change{Key: key, Before: before[key]})
		}
	}
	return added, changed, removed
}

// deploy says what of the edge is not what the table needs.
func (p *Plan) deploy(deployed, needed Edge) {
	for _, part := range []struct{ name, is, want string }{
		{"behaviors", deployed.Behaviors, needed.Behaviors},
		{"function", deployed.Function, needed.Function},
	} {
		switch {
		case part.want == "" || part.is == part.want:
		case part.is == "":
			p.Unknown = append(p.Unknown, part.name)
		default:
			p.Deploy = append(p.Deploy, part.name)
		}
	}
}

func quotaOf(now State, w Wanted) Quota {
	mark := len(MarkKey) + len(now.Mark.encode()) + whoBytes + whyBytes
	q := Quota{Bytes: sizeOf(w.Items) + mark, Peak: mark, Keys: len(w.Items) + 1}
	for key, value := range w.Items {
		if len(value) > q.BiggestValue || len(value) == q.BiggestValue && key < q.BiggestKey {
			q.BiggestKey, q.BiggestValue = key, len(value)
		}
		q.Peak += len(key) + max(len(value), len(now.Items[key]))
	}
	for key, value := range now.Items {
		if _, stays := w.Items[key]; !stays {
			q.Peak += len(key) + len(value)
		}
	}
	return q
}

// calls counts the most there are: a store is described before and after it is listed, and what was
// written is read back in the cheaper way.
func (p *Plan) calls(now State, w Wanted) Calls {
	c := Calls{Read: 3 + pages(len(now.Items)+1)} // with the look at what is remembered
	if !p.Nothing() {
		c.Write = len(order(*p, w, Mark{}, Mark{}))
		c.Verify = 1 + min(p.Items()+1, pages(len(w.Items)+1))
	}
	c.Cost = USD(c.Total()) * Prices.Call
	return c
}

func pages(keys int) int { return max(1, (keys+ItemsPerPage-1)/ItemsPerPage) }

// String says the plan in one line.
func (p Plan) String() string {
	if p.Nothing() {
		return fmt.Sprintf("nothing to publish: the store has epoch %d", p.To)
	}
	return fmt.Sprintf("epoch %d → %d, items: %d added, %d changed, %d removed", p.From, p.To, len(p.Added), len(p.Changed), len(p.Removed))
}
