package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
)

type deadRedriveCommand struct {
	IDs       []string      `arg:"" optional:"" name:"id" help:"The orders' ids."`
	All       bool          `help:"All dead letters."`
	Cause     string        `help:"Those whose cause contains this, in any case." placeholder:"TEXT"`
	Rate      perSecond     `help:"How many a second at most." default:"50/s"`
	StopAfter int           `help:"Stop when so many in a row die of the same cause again." default:"3"`
	Wait      time.Duration `help:"How long to wait for the outcome of any, before leaving the rest." default:"30s"`
	signature
}

// perSecond is a rate such as 10/s or 0.5/s.
type perSecond float64

// UnmarshalText reads a rate; the /s may be left out.
func (p *perSecond) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(strings.TrimSuffix(string(text), "/s"), 64)
	if err != nil || !(n > 0 && n <= 1e6) {
		return fmt.Errorf("%q is not a rate such as 10/s", text)
	}
	*p = perSecond(n)
	return nil
}

func (p perSecond) every() time.Duration { return time.Duration(float64(time.Second) / float64(p)) }

// validate checks that it is clear which orders are meant.
func (c deadRedriveCommand) validate() error {
	ways := 0
	for _, chosen := range []bool{len(c.IDs) > 0, c.All, c.Cause != ""} {
		if chosen {
			ways++
		}
	}
	switch {
	case ways != 1:
		return badUsage("which orders to redrive is not clear", "name ids, or give --all, or --cause TEXT, and only one of these")
	case c.StopAfter < 1:
		return badUsage("--stop-after is below 1", "write 1 to stop at the first order that dies again")
	}
	return nil
}

// Run puts dead letters back in the queue and watches what becomes of them. It
// exits with 3 where some died again.
func (c deadRedriveCommand) Run(ctx context.Context, place Place, term terminal) error {
	if err := c.validate(); err != nil {
		return err
	}
	book, err := place.letters(ctx)
	if err != nil {
		return err
	}
	defer book.Close()
	next, err := c.choose(ctx, term, book)
	if err != nil {
		return err
	}
	m, err := place.mender(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	r := redriver{
		mender: m, book: book, next: next, by: c.act(),
		every: c.Rate.every(), stopAfter: c.StopAfter, wait: c.Wait, watch: m.Relaying(),
	}
	done, err := r.run(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if ledger, err := book.Ledger(context.WithoutCancel(ctx)); err == nil {
		done.Dead = ledger.Dead
	}
	return c.report(place, term, done, r.watch)
}

// choose returns where the ids come from. Ids that were named are looked at
// before anything is redriven.
func (c deadRedriveCommand) choose(ctx context.Context, term terminal, book orderBook) (func(context.Context) (string, bool, error), error) {
	if len(c.IDs) == 0 {
		return (&letterPages{book: book, cause: c.Cause}).next, nil
	}
	for _, id := range c.IDs {
		record, err := findOrder(ctx, book, id)
		if err != nil {
			return nil, err
		}
		if !record.Dead() {
			return nil, told(term, id, intake.ErrNotDead)
		}
	}
	ids := c.IDs
	return func(context.Context) (string, bool, error) {
		if len(ids) == 0 {
			return "", false, nil
		}
		id := ids[0]
		ids = ids[1:]
		return id, true, nil
	}, nil
}

// letterPages goes through the dead letters in the order of acceptance. It only
// ever goes forward, so that what dies again is not met again.
type letterPages struct {
	book  orderBook
	cause string
	page  []intake.DeadLetter
	after string
}

func (p *letterPages) next(ctx context.Context) (string, bool, error) {
	letter, more, err := p.letter(ctx)
	return letter.ID, more, err
}

// letter returns the next letter whole.
func (p *letterPages) letter(ctx context.Context) (letter intake.DeadLetter, more bool, err error) {
	if len(p.page) == 0 {
		p.page, err = p.book.DeadLetters(ctx, intake.DeadFilter{Cause: p.cause, After: p.after})
		if err != nil || len(p.page) == 0 {
			return letter, false, err
		}
	}
	letter = p.page[0]
	p.after, p.page = letter.ID, p.page[1:]
	return letter, true, nil
}

// report says what was done, and what became of it.
func (c deadRedriveCommand) report(place Place, term terminal, done redriven, watched bool) error {
	if place.JSON {
		if err := printLine(term.Out, done); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(term.Out, "redriven  %8d\nwritten   %8d\nrefused   %8d\nwaiting   %8d\ndead      %8d\n",
			done.Redriven, done.Written, done.Refused, done.Waiting, done.Dead)
	}
	switch {
	case done.Cause != "":
		return &failure{err: errors.New(done.Stopped), code: exitProblems,
			hint: fmt.Sprintf(`the others were left alone; mend the cause, try one with "banyan dead check ID%s", and redrive again`, dataFlag(place))}
	case done.Stopped != "":
		return withHint(errors.New(done.Stopped), `what waits is written when legacy takes orders again; "banyan ledger" says how it goes`)
	case done.Refused > 0:
		return &failure{err: fmt.Errorf("%d died again", done.Refused), code: exitProblems, hint: `"banyan dead list" shows why`}
	case !watched && done.Waiting > 0:
		term.say(`nothing takes orders out of the queue now; they are written when "banyan up" runs`)
	}
	return nil
}
