package replay

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// job is one capture in hand.
type job struct {
	*Replay
	c      *Capture
	urgent bool // a shopper waits, for it or for one behind it
	began  time.Time
}

// start takes the first of a session in hand, unless the session is already,
// and works on it in the background. It reports whether it did.
func (r *Replay) start(h Head, urgent bool) bool {
	if !r.hands.take(h.Session, !urgent) {
		return false
	}
	go func() {
		next := r.attend(h, urgent)
		r.hands.put(h.Session)
		if next != nil && r.hub.waits(next.ID) {
			r.start(*next, true)
		}
	}()
	return true
}

// nudge has the session's first looked at now, for a shopper waits: also where
// it is not due yet, unless legacy is known to be away.
func (r *Replay) nudge(ctx context.Context, session string) {
	if r.options.Hold || r.breaker.isOpen() {
		return
	}
	if h, there, err := r.store.Head(ctx, session); err == nil && there {
		r.start(h, true)
	}
}

// attend works on a capture until it has ended or has to wait, and returns the
// next of its session.
func (r *Replay) attend(h Head, urgent bool) *Head {
	c, err := r.store.Load(r.working, h.Seq)
	if err != nil {
		r.stuck("captured request cannot be read", h.ID, err)
		return nil
	}
	j := &job{Replay: r, c: &c, urgent: urgent, began: r.now()}
	if c.State == Waiting {
		return j.send()
	}
	return j.findOut(nil)
}

// stuck reports that the store failed, and takes a rest with it.
func (r *Replay) stuck(message, id string, err error) {
	if r.working.Err() != nil {
		return
	}
	r.log.Error(message, "order_id", id, "error", err)
	r.rest(storeRest)
}

// rest waits for d, or until everything stops.
func (r *Replay) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.working.Done():
	}
}

// acquire waits for a connection to legacy, to send the capture or to look it
// up.
func (j *job) acquire(what string) (end func(failed error), err error) {
	work := what + " " + j.c.Rule
	if j.urgent || j.hub.waits(j.c.ID) {
		return j.options.Budget.Sync(j.working, work)
	}
	return j.options.Budget.Drain(j.working, work)
}

// send sends the capture to legacy, once. That it is being sent is on disk
// before the first byte goes out.
func (j *job) send() *Head {
	end, err := j.acquire("replay")
	if err != nil {
		return nil
	}
	defer end(context.Canceled)
	report, err := j.breaker.allow()
	if err != nil { // it stays due, and is left alone until legacy is back
		end(context.Canceled)
		j.rest(probeRest)
		return nil
	}
	j.c.SentAt = j.now()
	if err := j.store.Begin(j.working, j.c.Seq, j.c.SentAt); err != nil {
		report(errNoVerdict)
		end(context.Canceled)
		j.stuck("captured request cannot be marked as being sent", j.c.ID, err)
		return nil
	}
	j.c.State = Sending
	j.c.Attempts++
	ctx, cancel := context.WithTimeout(j.working, j.options.AnswerTimeout)
	defer cancel()
	d := j.sender.send(ctx, j.c)
	if j.working.Err() != nil && d.err != nil {
		end(context.Canceled)
		report(errNoVerdict)
	} else {
		end(d.away())
		report(d.away())
	}
	j.metrics.answer.Observe(j.now().Sub(j.c.SentAt).Seconds())
	return j.conclude(d)
}

// conclude says what a sending means.
func (j *job) conclude(d delivery) *Head {
	switch a := d.answer; {
	case d.err != nil && !d.sent:
		return j.settle(Settlement{State: Waiting, Cause: "legacy could not be reached"}, d.err)
	case d.err != nil:
		return j.findOut(nil)
	case a.accepted():
		next := j.settle(Settlement{State: Written, Answer: a}, nil)
		j.prove(a)
		return next
	case a.later():
		s := Settlement{State: Waiting, Cause: said(a)}
		s.DueAt = j.now().Add(max(j.backoff(j.c.Attempts), retryAfter(a.Header, j.now())))
		return j.settle(s, nil)
	case a.Status >= http.StatusInternalServerError, j.c.Doubt:
		return j.findOut(a)
	default:
		return j.settle(refusal(a), nil)
	}
}

// lookupRest makes the wait after a lookup that failed as long as after so many
// more sendings.
const lookupRest = 4

func refusal(a *Answer) Settlement {
	return Settlement{State: Cancelled, Refused: true, Cause: said(a), Answer: a}
}

// findOut asks what legacy did with a capture that may have arrived. The answer
// is what legacy said to it, nil where that was lost.
func (j *job) findOut(a *Answer) *Head {
	rule, _ := j.options.Route(j.c.Rule)
	finding, why := j.find(j.working, rule)
	if proved, tried := j.proofs.of(rule.FoundBy); finding == missing && tried && !proved {
		finding, why = useless, errDisproved
	}
	refused := a != nil && a.Status < http.StatusInternalServerError
	switch finding {
	case found:
		j.proofs.set(rule.FoundBy, true)
		return j.settle(Settlement{State: Written, Sent: true, Cause: "found at legacy: " + said(a)}, nil)
	case missing:
		if refused {
			return j.settle(refusal(a), nil)
		}
		settled := j.c.SentAt.Add(j.options.Grace)
		if j.hopeless(a) {
			return j.giveUp(a, "and does not have it")
		}
		if finished := a != nil && !a.fromGateway(); finished || !j.now().Before(settled) {
			return j.settle(Settlement{State: Waiting, Sent: true, Failed: a.failed(), Cause: said(a) + "; legacy does not have it"}, nil)
		}
		return j.settle(Settlement{State: Unknown, Sent: true, Cause: said(a) + "; legacy may still be at work", DueAt: settled}, nil)
	case unsure:
		again := j.now().Add(j.backoff(j.c.Attempts + lookupRest))
		return j.settle(Settlement{State: Unknown, Sent: true, Cause: said(a) + "; the lookup failed", DueAt: again}, why)
	}
	switch {
	case refused:
		return j.settle(refusal(a), nil)
	case rule.Repeat == route.RepeatSafe && j.hopeless(a):
		return j.giveUp(a, "and it is safe to repeat")
	case rule.Repeat == route.RepeatSafe:
		return j.settle(Settlement{State: Waiting, Sent: true, Failed: a.failed(), Cause: said(a) + "; it is safe to repeat"}, nil)
	}
	return j.settle(Settlement{State: Dead, Sent: true, Answer: a, Cause: fmt.Sprintf("outcome unknown: %s, and %v", said(a), why)}, nil)
}

// hopeless reports whether legacy has failed by itself on this capture so often,
// and for so long, that to send it once more is no help. A legacy that is away
// is none of that: for it a capture waits for ever.
func (j *job) hopeless(a *Answer) bool {
	return a.failed() && j.c.Failures+1 >= j.options.GiveUpAnswers &&
		!j.c.FailingSince.IsZero() && j.now().Sub(j.c.FailingSince) >= j.options.GiveUpAfter
}

// giveUp makes a dead letter of it, and lets the session's next one go.
func (j *job) giveUp(a *Answer, and string) *Head {
	return j.settle(Settlement{State: Dead, Sent: true, Answer: a, Cause: said(a) + " again and again, " + and}, nil)
}

// settle records what became of the capture, tells those who wait, and returns
// the next of its session. A settlement that fails is tried again: what legacy
// did is not to be forgotten.
func (j *job) settle(s Settlement, why error) *Head {
	s.Seq, s.At = j.c.Seq, j.now()
	if !s.State.Ended() && s.DueAt.IsZero() {
		s.DueAt = s.At.Add(j.backoff(j.c.Attempts))
	}
	cause := s.Cause
	if s.Refused {
		s.Cause = withWords(s.Cause, s.Answer)
	}
	// What is settled while everything stops is on disk all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(j.working), storePatience)
	defer cancel()
	done, err := j.store.Settle(ctx, s)
	for ; err != nil && j.working.Err() == nil; done, err = j.store.Settle(j.working, s) {
		j.stuck("captured request cannot be settled", j.c.ID, err)
	}
	if err != nil {
		return nil
	}
	j.record(done.State, cause, why)
	if done.State.Ended() {
		j.c.State, j.c.Cause, j.c.EndedAt = done.State, s.Cause, s.At
		j.hub.end(Record{Capture: *j.c, Answer: s.Answer})
	}
	return done.Next
}

// storePatience bounds one settlement.
const storePatience = 10 * time.Second

// record counts and logs: no body, no cookie, no words of legacy's.
func (j *job) record(state State, cause string, why error) {
	j.metrics.outcomes.WithLabelValues(state.String()).Inc()
	level := slog.LevelInfo
	if state != Written && state != Cancelled {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("order_id", j.c.ID), slog.String("rule", j.c.Rule), slog.String("outcome", state.String()),
		slog.Int("attempts", j.c.Attempts), slog.Duration("took", j.now().Sub(j.began)), slog.String("trace_id", traceID(j.c.Trace)),
	}
	if cause != "" {
		attrs = append(attrs, slog.String("cause", cause))
	}
	if why != nil {
		attrs = append(attrs, slog.String("error", why.Error()))
	}
	j.log.LogAttrs(context.Background(), level, "captured request "+state.String(), attrs...)
}
