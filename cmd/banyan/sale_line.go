package main

import (
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	salereport "github.com/banyan-edge/banyan/loadtest/sale/report"
)

// lineEvery is how often a line is written where nothing can be rewritten.
const lineEvery = 5 * time.Second

// saleLine is the one line that says how a rehearsal stands: rewritten on a
// terminal, else a new one every few seconds.
type saleLine struct {
	term    terminal
	rewrite bool
	open    bool      // a line is being rewritten
	last    time.Time // when the last one was written
}

func newSaleLine(term terminal) *saleLine {
	return &saleLine{term: term, rewrite: isTerminal(term.Err)}
}

// show writes how things stand.
func (l *saleLine) show(s rehearsal.Standing) {
	if !l.rewrite && time.Since(l.last) < lineEvery {
		return
	}
	l.last = time.Now()
	written, held := "?", "?"
	if s.Written >= 0 {
		written = salereport.Count(float64(s.Written))
	}
	if s.Held >= 0 {
		held = fmt.Sprint(s.Held)
	}
	text := fmt.Sprintf("%-10s %4.0f s  %5.0f orders/s  accepted %s  written %s  waiting %s  errors %s  connections %s",
		s.Way, s.At, s.Rate, salereport.Count(float64(s.Accepted)), written, salereport.Count(float64(s.Waiting)), salereport.Count(float64(s.Errors)), held)
	if l.rewrite {
		fmt.Fprintf(l.term.Err, "\r\x1b[K%s", text)
		l.open = true
		return
	}
	l.term.say("%s", text)
}

// say writes a line of its own.
func (l *saleLine) say(format string, args ...any) {
	l.end()
	l.term.say(format, args...)
}

// end ends the line that is being rewritten.
func (l *saleLine) end() {
	if l.open {
		fmt.Fprintln(l.term.Err)
		l.open = false
	}
	l.last = time.Time{}
}
