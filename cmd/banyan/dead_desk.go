package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// How the console puts dead letters back; the same as the command's defaults.
const (
	consoleRedriveEvery = time.Second / 50
	consoleStopAfter    = 3
	consoleRedriveWait  = 30 * time.Second
)

// deadDesk is the dead letters of the installation as the console sees them.
type deadDesk struct{ in *installation }

// redrives is the console's last redrive.
type redrives struct {
	mu   sync.Mutex
	last *console.Redriving
}

func (d deadDesk) letters() letters { return letters{d.in.orders, d.in.capture.store.Reader} }

// Causes groups the dead letters.
func (d deadDesk) Causes(ctx context.Context) ([]console.DeadCause, error) {
	causes, err := d.letters().Causes(ctx)
	views := make([]console.DeadCause, len(causes))
	for i, c := range causes {
		views[i] = console.DeadCause{Cause: c.Cause, Words: causeWords(c.Cause), Letters: c.Orders, Oldest: c.Oldest, Newest: c.Newest}
	}
	return views, err
}

// Letters lists those of a cause.
func (d deadDesk) Letters(ctx context.Context, f console.DeadFilter) ([]console.DeadLetter, error) {
	var views []console.DeadLetter
	pages := &letterPages{book: d.letters(), cause: f.Cause, after: f.After}
	for len(views) < f.Limit {
		letter, more, err := pages.letter(ctx)
		if err != nil || !more {
			return views, err
		}
		if letter.Cause != f.Cause { // another cause that holds this one's words
			continue
		}
		view, err := d.view(ctx, letter.Record)
		if err != nil {
			return views, err
		}
		view.Since = letter.Since
		views = append(views, view)
	}
	return views, nil
}

// view is a letter without anything of the shopper's.
func (d deadDesk) view(ctx context.Context, r order.Record) (console.DeadLetter, error) {
	v := console.DeadLetter{ID: r.ID, Attempts: r.Attempts, Total: r.Total, Lines: r.Lines}
	if r.Dead() {
		v.Cause, v.Words = r.Cause, causeWords(r.Cause)
	}
	if len(r.Lines) > 0 {
		return v, nil
	}
	captured, err := d.in.capture.store.Find(ctx, r.ID)
	if errors.Is(err, order.ErrNotFound) {
		return v, nil
	}
	path, _, _ := strings.Cut(captured.Target, "?") // a query can hold what is the shopper's own
	v.Request, v.Attempts = captured.Method+" "+path, captured.Attempts
	return v, err
}

// Letter returns one with its audit.
func (d deadDesk) Letter(ctx context.Context, id string) (console.DeadLetter, error) {
	record, err := d.letters().Find(ctx, id)
	if err != nil {
		return console.DeadLetter{}, err
	}
	v, err := d.view(ctx, record)
	if err != nil {
		return v, err
	}
	trail, err := d.letters().Trail(ctx, id)
	for _, e := range trail {
		entry := console.DeadEntry{At: e.At, What: string(e.Action), Who: e.Who, Why: e.Why}
		if e.Action == intake.Refused || e.Action == intake.Checked {
			entry.Words = causeWords(e.Cause)
		}
		if e.Action == intake.Refused {
			v.Since = e.At
		}
		v.Trail = append(v.Trail, entry)
	}
	return v, err
}

// Drop gives one up.
func (d deadDesk) Drop(ctx context.Context, a console.DeadAct) error {
	err := d.in.mender().Drop(ctx, a.ID, intake.Act{Who: a.Who, Why: a.Why})
	if errors.Is(err, intake.ErrNotDead) {
		return console.ErrMended
	}
	return err
}

// Redriving is how the last redrive goes or went.
func (d deadDesk) Redriving() *console.Redriving {
	d.in.redrives.mu.Lock()
	defer d.in.redrives.mu.Unlock()
	if d.in.redrives.last == nil {
		return nil
	}
	last := *d.in.redrives.last
	return &last
}

// Redrive puts letters back in the background, one such order at a time. It
// goes on when the browser does not.
func (d deadDesk) Redrive(ctx context.Context, a console.DeadAct) error {
	next, words := d.nextOf(a), causeWords(a.Cause)
	if a.ID != "" {
		words = a.ID
		record, err := d.letters().Find(ctx, a.ID)
		switch {
		case err != nil:
			return err
		case !record.Dead():
			return console.ErrMended
		}
	}
	d.in.redrives.mu.Lock()
	defer d.in.redrives.mu.Unlock()
	if last := d.in.redrives.last; last != nil && !last.Ended {
		return console.ErrRedriving
	}
	d.in.redrives.last = &console.Redriving{Words: words, Who: a.Who, Began: time.Now()}
	m := d.in.mender()
	r := &redriver{
		mender: m, book: d.letters(), next: next, by: intake.Act{Who: a.Who, Why: a.Why},
		every: consoleRedriveEvery, stopAfter: consoleStopAfter, wait: consoleRedriveWait, watch: m.Relaying(),
		tell: func(done redriven) { d.note(done, false) },
	}
	d.in.work.Go(func() {
		done, err := r.run(d.in.working)
		if err != nil && done.Stopped == "" {
			done.Stopped = "stopped: it did not work; the log says more"
			d.in.log.Error("redrive failed", "error", err)
		}
		d.note(done, true)
	})
	return nil
}

// nextOf goes through the letters that are meant.
func (d deadDesk) nextOf(a console.DeadAct) func(context.Context) (string, bool, error) {
	pages, told := &letterPages{book: d.letters(), cause: a.Cause}, false
	return func(ctx context.Context) (string, bool, error) {
		if a.ID != "" {
			first := !told
			told = true
			return a.ID, first, nil
		}
		for {
			letter, more, err := pages.letter(ctx)
			if err != nil || !more || letter.Cause == a.Cause {
				return letter.ID, more, err
			}
		}
	}
}

// note keeps how it goes.
func (d deadDesk) note(done redriven, ended bool) {
	d.in.redrives.mu.Lock()
	defer d.in.redrives.mu.Unlock()
	last := d.in.redrives.last
	last.Redriven, last.Written, last.Refused = done.Redriven, done.Written, done.Refused
	last.Stopped, last.Ended = done.Stopped, ended
}
