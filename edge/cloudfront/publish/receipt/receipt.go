// Package receipt proves a flip from outside: it asks the storefront's address,
// as a shopper does, until it answers from the wanted arm, and says how long
// that took.
//
// What tells the arms apart from outside, in this order: a marker that the
// caller names, a text or a header that only the wanted arm shows; the header
// x-banyan-arm, where the operator has it shown; the header apigw-requestid,
// which API Gateway puts into each answer of an HTTP API. An address that shows
// none of these cannot give a receipt, and is not asked for longer.
//
// One answer is little: the edge has many servers, and they hear of a flip one
// after another. So it takes some in a row, and the time is that of the first.
package receipt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// What can come of asking beside a receipt.
var (
	// ErrNotYet: the time is up, and the other arm still answers, or nobody.
	ErrNotYet = errors.New("the storefront does not answer from that arm yet")
	// ErrCannotTell: nothing in the answers says which arm they are from.
	ErrCannotTell = errors.New("nothing in the answers says which arm they are from")
)

// How it is asked.
const (
	DefaultInARow = 3
	firstPause    = 200 * time.Millisecond
	maxPause      = 2 * time.Second
	pageBytes     = 1 << 20 // of a page are searched for the marker
	askTimeout    = 10 * time.Second
	clueless      = 3 // answers that say nothing, in a row, and no more is asked
)

// Question is what is asked of a storefront.
type Question struct {
	URL     string
	Arm     route.Arm // the wanted one
	Visitor string    // sent as the shopper's cookie; empty: as a new shopper
	Marker  Marker    // zero: the headers tell
	InARow  int       // how many answers of the wanted arm it takes; 0: DefaultInARow

	Client *http.Client                               // nil: one that follows no redirect
	Now    func() time.Time                           // nil: time.Now
	Sleep  func(context.Context, time.Duration) error // nil: a timer
}

// Receipt is what came of it.
type Receipt struct {
	URL      string        `json:"url"`
	Arm      route.Arm     `json:"arm"` // the wanted one
	Answered bool          `json:"answered"`
	After    time.Duration `json:"after_ns"`           // from the first question to the first answer that counts
	Asked    int           `json:"asked"`              // questions
	Others   int           `json:"others"`             // answers of the other arm
	Evidence string        `json:"evidence,omitempty"` // what told the arm
	Status   int           `json:"status,omitempty"`   // of the last answer
	Failure  string        `json:"failure,omitempty"`  // why the last question got no answer
	Visitor  string        `json:"visitor,omitempty"`  // which shopper it was
}

// Ask asks until the receipt is there, ctx ends, or it is of no use to go on.
func Ask(ctx context.Context, q Question) (Receipt, error) {
	a, err := newAsker(q)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{URL: q.URL, Arm: q.Arm, Visitor: q.Visitor}
	began, inARow, silent := a.now(), 0, 0
	for pause := firstPause; ; pause = min(pause*3/2, maxPause) {
		answer, err := a.ask(ctx)
		r.Asked++
		r.Status, r.Failure = answer.status, ""
		switch {
		case err != nil:
			inARow, r.Failure = 0, err.Error()
		case answer.evidence == "":
			inARow, silent = 0, silent+1
		case answer.arm != q.Arm:
			inARow, silent, r.Evidence = 0, 0, answer.evidence
			r.Others++
		default:
			if inARow == 0 {
				r.After = a.now().Sub(began)
			}
			inARow, silent, r.Evidence = inARow+1, 0, answer.evidence
		}
		switch {
		case inARow >= cmp.Or(q.InARow, DefaultInARow):
			r.Answered = true
			return r, nil
		case silent == clueless:
			return r, fmt.Errorf("ask %s: %w", q.URL, ErrCannotTell)
		}
		if inARow > 0 {
			pause = firstPause // it is coming; look closely
		}
		if a.sleep(ctx, pause) != nil || ctx.Err() != nil {
			r.After = 0
			return r, fmt.Errorf("ask %s: %w", q.URL, ErrNotYet)
		}
	}
}
