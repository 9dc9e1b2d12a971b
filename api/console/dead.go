package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// DeadLetters is where dead letters are read: orders that legacy refused, and
// captured requests that it did not take.
type DeadLetters interface {
	// Causes groups them, the largest group first.
	Causes(ctx context.Context) ([]DeadCause, error)
	// Letters lists those of a group, in the order in which they were accepted.
	Letters(ctx context.Context, f DeadFilter) ([]DeadLetter, error)
	// Letter returns one with what was done to it, or order.ErrNotFound. One
	// that was mended meanwhile has no cause any more.
	Letter(ctx context.Context, id string) (DeadLetter, error)
}

// Mender puts dead letters back in the queue, and gives them up.
type Mender interface {
	// Redrive begins to put the letters back. It returns ErrRedriving while an
	// earlier one is under way.
	Redrive(ctx context.Context, a DeadAct) error
	// Drop gives one up for good. It returns order.ErrNotFound or ErrMended.
	Drop(ctx context.Context, a DeadAct) error
	// Redriving is how the last Redrive goes or went; nil where there was none.
	Redriving() *Redriving
}

// The refusals of mending.
var (
	ErrRedriving = errors.New("dead letters are being put back already")
	ErrMended    = errors.New("it is no dead letter any more")
)

// DeadCause is a group of dead letters with the same cause.
type DeadCause struct {
	Cause   string    `json:"cause"` // by which the group is asked for
	Words   string    `json:"words"`
	Letters int64     `json:"letters"`
	Oldest  time.Time `json:"oldest"` // when the first of them became one
	Newest  time.Time `json:"newest"`
}

// DeadFilter says which dead letters are wanted.
type DeadFilter struct {
	Cause string // the group
	After string // only those accepted after the one with this id
	Limit int
}

// DeadLetter is one, without anything of the shopper's.
type DeadLetter struct {
	ID       string       `json:"id"`
	Request  string       `json:"request,omitempty"` // of a captured one: its method and path; empty for an order
	Cause    string       `json:"cause,omitempty"`
	Words    string       `json:"words,omitempty"`
	Since    time.Time    `json:"since"`
	Attempts int          `json:"attempts"`
	Total    order.Money  `json:"total,omitzero"`
	Lines    []order.Line `json:"lines,omitempty"`
	Trail    []DeadEntry  `json:"trail,omitempty"` // of a single one, oldest first
}

// DeadEntry is one thing that was done to a dead letter.
type DeadEntry struct {
	At    time.Time `json:"at"`
	What  string    `json:"what"` // refused, checked, edited, redriven, dropped
	Who   string    `json:"who"`
	Why   string    `json:"why,omitempty"`
	Words string    `json:"words,omitempty"` // what came of it, or the cause then
}

// DeadAct says which letters, who acts, and why.
type DeadAct struct {
	ID    string // one; empty: all of the cause
	Cause string
	Who   string
	Why   string
}

// Redriving is how putting dead letters back goes.
type Redriving struct {
	Words    string    `json:"words"` // which: a cause, or an id
	Who      string    `json:"who"`
	Began    time.Time `json:"began"`
	Redriven int       `json:"redriven"`
	Written  int       `json:"written"`
	Refused  int       `json:"refused"` // dead again
	Stopped  string    `json:"stopped,omitempty"`
	Ended    bool      `json:"ended"`
}

// Kind is the banner that the state is shown in.
func (r Redriving) Kind() string {
	switch {
	case r.Refused > 0 || r.Stopped != "":
		return "warn"
	default:
		return "good"
	}
}

// deadPage is how many letters a page of a group lists.
const deadPage = 50

// deadView is the groups, and its JSON.
type deadView struct {
	frame     `json:"-"`
	Letters   int64       `json:"letters"` // in all
	Causes    []DeadCause `json:"causes"`
	Redriving *Redriving  `json:"redriving,omitempty"`
}

// dead shows the groups.
func (c *console) dead(w http.ResponseWriter, r *http.Request) {
	causes, err := c.DeadLetters.Causes(r.Context())
	if err != nil {
		c.fail(w, r, "read the dead letters", err)
		return
	}
	v := deadView{Causes: append([]DeadCause{}, causes...), Redriving: c.Mender.Redriving()}
	for _, g := range causes {
		v.Letters += g.Letters
	}
	if wantsJSON(r) {
		c.json(w, http.StatusOK, v)
		return
	}
	v.frame = c.frame(w, r, "dead", "Dead letters")
	v.Refresh = 3
	c.page(w, "dead", v)
}

// deadGroupView is the letters of one cause, and its JSON.
type deadGroupView struct {
	frame   `json:"-"`
	Group   DeadCause          `json:"group"`
	Letters []DeadLetter       `json:"letters"`
	Next    string             `json:"next,omitempty"` // the "after" of the next page
	First   bool               `json:"-"`
	Why     string             `json:"-"`
	Who     string             `json:"-"`
	Faults  []order.FieldError `json:"-"`
}

// deadGroup shows the letters of one cause, and how to put them back.
func (c *console) deadGroup(w http.ResponseWriter, r *http.Request) {
	c.showGroup(w, r, http.StatusOK, deadGroupView{Group: DeadCause{Cause: r.FormValue("cause")}, Who: rememberedName(r)})
}

func (c *console) showGroup(w http.ResponseWriter, r *http.Request, status int, v deadGroupView) {
	causes, err := c.DeadLetters.Causes(r.Context())
	after := r.FormValue("after")
	if err == nil {
		v.Letters, err = c.DeadLetters.Letters(r.Context(), DeadFilter{Cause: v.Group.Cause, After: after, Limit: deadPage + 1})
	}
	if err != nil {
		c.fail(w, r, "read the dead letters", err)
		return
	}
	for _, g := range causes {
		if g.Cause == v.Group.Cause {
			v.Group = g
		}
	}
	if v.Group.Letters == 0 {
		if wantsJSON(r) {
			c.refuse(w, r, problem{Status: http.StatusNotFound, Title: "No dead letter has this cause"})
			return
		}
		c.done(w, r, "/dead", "No dead letter has this cause any more.")
		return
	}
	v.First = after == ""
	if len(v.Letters) > deadPage {
		v.Letters = v.Letters[:deadPage]
		v.Next = v.Letters[deadPage-1].ID
	}
	if wantsJSON(r) {
		c.json(w, http.StatusOK, v)
		return
	}
	v.frame = c.frame(w, r, "dead", "Dead letters")
	c.pages.write(c, w, status, "deadgroup", v)
}

// deadLetterView is one letter, and what can be done with it.
type deadLetterView struct {
	frame
	Letter DeadLetter
	Why    string
	Who    string
	Faults []order.FieldError
}

// deadLetter shows one letter.
func (c *console) deadLetter(w http.ResponseWriter, r *http.Request) {
	c.showLetter(w, r, http.StatusOK, deadLetterView{Letter: DeadLetter{ID: r.PathValue("id")}, Who: rememberedName(r)})
}

func (c *console) showLetter(w http.ResponseWriter, r *http.Request, status int, v deadLetterView) {
	letter, err := c.DeadLetters.Letter(r.Context(), v.Letter.ID)
	switch {
	case errors.Is(err, order.ErrNotFound):
		c.noSuchLetter(w, r, v.Letter.ID)
		return
	case err != nil:
		c.fail(w, r, "read the dead letter", err)
		return
	case wantsJSON(r):
		c.json(w, status, letter)
		return
	}
	v.Letter = letter
	v.frame = c.frame(w, r, "dead", "Dead letter "+letter.ID)
	c.pages.write(c, w, status, "deadletter", v)
}

func (c *console) noSuchLetter(w http.ResponseWriter, r *http.Request, id string) {
	c.refuse(w, r, problem{Status: http.StatusNotFound, Title: "There is no such dead letter",
		Detail: "Nothing has the number " + quote(id) + ".", Hint: "look for it among the dead letters"})
}

// groupURL is where the letters of a cause are.
func groupURL(cause string) string { return "/dead/group?" + url.Values{"cause": {cause}}.Encode() }

// advice says what to do about a cause, to somebody who sees it the first time.
func advice(words string) string {
	words = strings.ToLower(words)
	for _, a := range advices {
		for _, sign := range a.signs {
			if strings.Contains(words, sign) {
				return a.words
			}
		}
	}
	return "Try one with “banyan dead check”. Mend the cause in legacy, or the order itself with “banyan dead edit”; then put it back."
}

// advices are looked through from the first.
var advices = []struct {
	signs []string
	words string
}{
	{[]string{"again and again"}, "Legacy fails on this request by itself. Its log says why: mend that, and put it back. It is looked up before it is sent."},
	{[]string{"outcome unknown"}, "Nobody knows whether legacy carried it out. Look for it in legacy: give it up where it is there, else put it back. With found_by in banyan.yaml Banyan looks by itself."},
	{[]string{"request: legacy answered 4"}, "Legacy refused the request in its own words. Ask the shopper, correct it with “banyan dead edit”, and put it back; or give it up."},
	{[]string{"out of stock", "sold out", "in stock"}, "Legacy has no unit left. Take in stock there and put these back; or pay the shopper back and give them up."},
	{[]string{"row with this value already"}, "Legacy has a row with this value already. Look for it there: the order may have been entered by hand. Then give it up, or correct it and put it back."},
	{[]string{"does not have", "refers to something"}, "The order names something that legacy lacks, such as a product or a region. Add it there, and put these back."},
	{[]string{"too long", "out of its column", "out of range", "column", "does not fit", "character"}, "A value does not fit legacy’s column. Correct the order with “banyan dead edit”, or widen the column; then put it back."},
	{[]string{"refuses", "check", "constraint", "trigger"}, "A rule of legacy’s own refuses it. Correct the order with “banyan dead edit”, or the rule; try it with “banyan dead check”, and put it back."},
}
