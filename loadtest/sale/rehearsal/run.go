package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// Run is what came of one run.
type Run struct {
	Way   rig.Way   `json:"way"`
	Title string    `json:"title"`
	Split rig.Split `json:"split"`

	Tallies  map[string]map[sale.Phase]sale.Tally `json:"tallies"` // by kind of request
	Seconds  map[string][]sale.Second             `json:"seconds"` // by kind of request
	Series   []Point                              `json:"series"`
	Did      shopper.Did                          `json:"did"`
	Tried    int64                                `json:"tried"`
	Accepted int64                                `json:"accepted"`

	Ours      float64 `json:"ours,omitempty"`     // processor cores that shoppers and storefront took during the spike
	Others    float64 `json:"others,omitempty"`   // and everything else on the machine
	MostHeld  int     `json:"most_held"`          // connections that the database had at once; -1: nobody could say
	Released  float64 `json:"released,omitempty"` // when the relay was let go, where it was held back
	Deepest   int64   `json:"deepest"`            // most orders that waited at once
	EmptyAt   float64 `json:"empty_at,omitempty"` // seconds since the spike began, when the queue was empty again; 0: there never was one
	DrainRate float64 `json:"drain_rate,omitempty"`

	Ledger  *rig.Ledger    `json:"ledger,omitempty"`
	Verdict *truth.Verdict `json:"verdict,omitempty"` // nil: nothing was looked up
	Cut     bool           `json:"cut,omitempty"`     // before its end
	Notes   []string       `json:"notes,omitempty"`   // what did not go as it should, with the rig itself
}

// Tally returns what one kind of request came to in one phase.
func (r Run) Tally(kind string, phase sale.Phase) sale.Tally { return r.Tallies[kind][phase] }

// Clean reports whether everything was looked up and is right.
func (r Run) Clean() bool { return r.Verdict != nil && r.Verdict.Clean }

// note adds what did not go as it should.
func (r *Run) note(err error) {
	if err != nil {
		r.Notes = append(r.Notes, err.Error())
	}
}

// Stage is a storefront that a run is played on.
type Stage struct {
	Way    rig.Way
	Target string
	Split  rig.Split
	Truth  *truth.Database // nil: the legacy database cannot be read

	Held   func(context.Context) int                  // connections; nil: nobody can say
	Ledger func(context.Context) (*rig.Ledger, error) // nil: there is none
	Used   func() (rig.Usage, bool)                   // processor time; nil: nobody can say
	Stop   func() error                               // ends the storefront; nil: it is not ours

	// Release lets the relay go once all shoppers have come; nil: it runs already.
	Release func() error
}

// On returns a stage that the rig put up.
func On(s *rig.Stage) Stage {
	stage := Stage{Way: s.Way, Target: s.Target, Split: s.Split, Truth: s.Truth, Held: s.Held, Used: s.Used, Stop: s.StopShop, Release: s.Release}
	if s.Way != rig.Straight {
		stage.Ledger = s.Ledger
	}
	return stage
}

// lookWithin is how long the last look at everything may take, even where the
// run was cut off.
const lookWithin = 2 * time.Minute

// Play plays a plan on a stage. It tells watch how things stand, about twice a
// second. An error says that the run could not even begin.
func (p Plan) Play(ctx context.Context, s Stage, product string, watch func(Standing)) (Run, error) {
	shop, err := shopper.Look(ctx, s.Target, product)
	if err != nil {
		return Run{}, err
	}
	var before truth.Before
	if s.Truth != nil {
		if before, err = s.Truth.Before(ctx); err != nil {
			return Run{}, err
		}
	}
	book := sale.NewBook(p.phase)
	began := time.Now()
	crowd, err := shopper.New(shopper.Options{
		Target: s.Target, Shop: shop, Book: book, Began: began, Patience: p.Patience, Habits: p.Habits, Seed: p.Seed,
		Name: fmt.Sprintf("%s-%x", s.Way, began.UnixMilli()),
	})
	if err != nil {
		return Run{}, err
	}
	defer crowd.Close()

	run := Run{Way: s.Way, Title: s.Way.Title(), Split: s.Split}
	look := newLookout(p, s, crowd, before)
	if watch != nil {
		look.watch = watch
	}
	looking, enough := context.WithCancel(context.WithoutCancel(ctx))
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		look.run(looking)
	}()
	sale.Run(ctx, began, p.Lasts(), book, crowd.Streams(p.pages(), p.orders())...)
	if s.Release != nil && ctx.Err() == nil {
		look.seen(ctx)
		run.note(s.Release())
		run.Released = time.Since(began).Seconds()
	}
	drained := look.drained(ctx, p.DrainWithin)
	enough()
	<-looked
	run.Cut = ctx.Err() != nil
	look.tell(&run)
	run.read(book, crowd)
	run.judge(ctx, s, crowd, before, drained)
	return run, nil
}

// read takes over what the book and the shoppers noted.
func (r *Run) read(book *sale.Book, crowd *shopper.Crowd) {
	r.Tallies, r.Seconds = book.Tallies(), make(map[string][]sale.Second)
	for kind := range r.Tallies {
		r.Seconds[kind] = book.Seconds(kind)
	}
	for _, t := range r.Tallies[shopper.Checkout] {
		r.Tried += t.Sum()
	}
	r.Accepted, r.Did = crowd.Notes.Accepted(), crowd.Notes.Did()
}

// judge ends the storefront and looks everything up. While orders still wait
// because the run was cut off there is nothing to judge.
func (r *Run) judge(ctx context.Context, s Stage, crowd *shopper.Crowd, before truth.Before, drained bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
	defer cancel()
	if s.Ledger != nil {
		ledger, err := s.Ledger(ctx)
		r.Ledger = ledger
		r.note(err)
	}
	if s.Stop != nil {
		r.note(s.Stop())
	}
	switch {
	case s.Truth == nil:
		r.Notes = append(r.Notes, "the legacy database was not named, so no order was looked up")
		return
	case r.Cut && !drained:
		r.Notes = append(r.Notes, "cut off while orders waited, so nothing was judged")
		return
	case !drained:
		r.Notes = append(r.Notes, "orders still waited when patience with the queue ended")
	}
	verdict, err := s.Truth.Check(ctx, crowd.Notes.Purchases(), before)
	if err != nil {
		r.note(err)
		return
	}
	r.Verdict = &verdict
}
