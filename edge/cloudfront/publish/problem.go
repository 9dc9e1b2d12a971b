package publish

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// What stands in the way of a publish. None of it is written where there is one.
var (
	// ErrOlder: the store has a later epoch, or one is being written.
	ErrOlder = errors.New("the store has a later epoch")
	// ErrSameEpoch: the store has another content under this epoch.
	ErrSameEpoch = errors.New("the store has another table under the same epoch")
	// ErrEdited: somebody changed the store by hand.
	ErrEdited = errors.New("the store was changed by hand")
	// ErrForeign: the store holds what Banyan did not put there.
	ErrForeign = errors.New("the store holds items that are not Banyan's")
	// ErrTooLarge: the table does not fit in a store.
	ErrTooLarge = errors.New("the table does not fit in the store")
)

// Problem is one reason not to publish, in words. It is an error of the kinds
// above.
type Problem struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`

	kind error
}

// Error returns the message.
func (p Problem) Error() string { return p.Message }

// Unwrap returns the kind.
func (p Problem) Unwrap() error { return p.kind }

// yields reports whether a problem is overcome by overwriting.
func (p Problem) yields() bool { return p.kind == ErrEdited || p.kind == ErrForeign }

// Refusal returns the first problem of a plan, as an error; with overwrite,
// the first that is not overcome by it. nil where there is none.
func (p Plan) Refusal(overwrite bool) error {
	for _, problem := range p.Problems {
		if !problem.yields() || !overwrite {
			return problem
		}
	}
	return nil
}

func (p *Plan) problem(kind error, hint, format string, args ...any) {
	p.Problems = append(p.Problems, Problem{Message: fmt.Sprintf(format, args...), Hint: hint, kind: kind})
}

const (
	hintBack      = "banyan publish --epoch N goes back to an earlier epoch, as a new one; banyan history lists them"
	hintOverwrite = "look at what banyan plan shows; banyan publish --overwrite puts the table in its place"
)

func (p *Plan) problems(now State, w Wanted) {
	epoch, hash := now.Mark.Newest()
	switch {
	case epoch > w.Epoch:
		p.problem(ErrOlder, hintBack, "the store has epoch %d%s, and this table is epoch %d", epoch, by(now.Mark), w.Epoch)
	case epoch == w.Epoch && epoch > 0 && hash != hashItems(w.Items):
		p.problem(ErrSameEpoch, "it was published from another journal, or by another version; banyan publish --epoch "+fmt.Sprint(w.Epoch)+" publishes this one as a new epoch",
			"the store has another table as epoch %d%s", epoch, by(now.Mark))
	}
	switch {
	case p.Edited && p.Items() > 0: // where nothing differs the edit said what is wanted
		p.problem(ErrEdited, hintOverwrite, "the store was changed by hand after epoch %d%s", now.Mark.Epoch, by(now.Mark))
	case now.Spoiled != "":
		p.problem(ErrForeign, hintOverwrite, "%s", now.Spoiled)
	case now.Mark == (Mark{}) && len(p.Removed) > 0:
		p.problem(ErrForeign, "is it the right store? banyan publish --overwrite removes them",
			"the store holds %d items that Banyan did not publish, such as %q", len(p.Removed), p.Removed[0].Key)
	}
	p.misfits(w)
}

// misfits says what a store would not take, with figures.
func (p *Plan) misfits(w Wanted) {
	if p.Quota.Bytes > StoreBytes {
		p.problem(ErrTooLarge, "take products out that are legacy's for good: what is not in the table is legacy's", "the table takes %d bytes, and a store holds %d", p.Quota.Bytes, StoreBytes)
	}
	for _, key := range slices.Sorted(maps.Keys(w.Items)) {
		switch value := w.Items[key]; {
		case key == "" || len(key) > KeyBytes || key == MarkKey:
			p.problem(ErrTooLarge, "", "%q is no key for an item: a key has 1 to %d bytes", shorten(key, whoBytes), KeyBytes)
		case len(value) > ValueBytes:
			p.problem(ErrTooLarge, "", "the item %s has %d bytes, and a value holds %d", shorten(key, whoBytes), len(value), ValueBytes)
		}
	}
}

// by says who published, where the mark says it.
func by(m Mark) string {
	who := m.Who
	if m.Writing != nil {
		who = m.Writing.Who
	}
	if who == "" {
		return ""
	}
	return ", by " + who
}
