package replay

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
)

// What shoppers are told, as metrics have it.
const (
	toldAnswer   = "answered"    // legacy's own answer
	toldLater    = "later"       // 202 and a page to follow
	toldGone     = "gone"        // the shopper hung up
	refusedKey   = "key_reused"  // 422
	refusedBad   = "invalid"     // 400
	refusedSize  = "too_large"   // 413
	refusedStore = "unavailable" // 503
)

// Capture keeps a request, holds the shopper for legacy's own answer as long as
// the decision says, and passes that on; or answers 202. Nothing is answered,
// and nothing is sent to legacy, before the request is on disk.
func (r *Replay) Capture(w http.ResponseWriter, req *http.Request, d route.Decision) {
	q, err := readRequest(req, d, r.options.BodyBytes)
	switch {
	case errors.Is(err, errTooLarge):
		w.Header().Set("Connection", "close") // the rest of the body is not read
		r.refuse(w, req, http.StatusRequestEntityTooLarge, refusedSize)
		return
	case err != nil:
		return // the edge says what is wrong with the viewer's body
	}
	cookies := r.options.SessionCookies()
	claim, key, err := claimOf(&q, cookies)
	if err != nil {
		r.refuse(w, req, http.StatusBadRequest, refusedBad)
		return
	}
	c := &Capture{Request: q, Key: key, Session: orderingKey(&q, cookies), AcceptedAt: r.now().UTC().Truncate(time.Microsecond)}
	c.ID = order.NewID(c.AcceptedAt)
	if r.options.Hold || r.breaker.isOpen() {
		d.Wait = 0 // legacy is known to be away: nobody is held for it
	}
	c.Told = d.Wait <= 0
	s := &shopper{Replay: r, w: w, r: req}
	s.serve(c, claim, d.Wait)
}

// shopper is one who waits.
type shopper struct {
	*Replay
	w http.ResponseWriter
	r *http.Request
}

// serve has the capture accepted, and answers.
func (s *shopper) serve(c *Capture, claim Claim, wait time.Duration) {
	room := s.hub.enter(c.ID) // before anybody can work on it
	// A shopper who hangs up now may have been accepted already, and is then
	// noted as gone below.
	receipt, err := s.store.Accept(context.WithoutCancel(s.r.Context()), c, claim)
	c.Body = nil // it is on disk; many may wait, for long
	if err != nil || receipt.Replayed {
		s.hub.leave(room)
	}
	switch {
	case errors.Is(err, order.ErrKeyReused):
		s.refuse(s.w, s.r, http.StatusUnprocessableEntity, refusedKey)
		return
	case err != nil:
		s.log.Error("request cannot be captured", "rule", c.Rule, "error", err, "trace_id", traceID(c.Trace))
		s.w.Header().Set("Retry-After", "5")
		s.refuse(s.w, s.r, http.StatusServiceUnavailable, refusedStore)
		return
	case receipt.Replayed:
		room = s.hub.enter(receipt.ID)
	default:
		s.log.Info("request captured", "order_id", c.ID, "rule", c.Rule, "epoch", c.Epoch, "trace_id", traceID(c.Trace))
	}
	s.await(room, receipt, wait)
}

// await holds the shopper until the capture has ended, or time is up.
func (s *shopper) await(room *room, receipt Receipt, wait time.Duration) {
	if receipt.Replayed {
		first, err := s.store.Find(s.r.Context(), receipt.ID)
		if err == nil && first.State.Ended() {
			s.hub.leave(room)
			s.answer(first)
			return
		}
	}
	if wait <= 0 {
		s.hub.leave(room)
		s.later(receipt.ID)
		return
	}
	s.nudge(s.working, receipt.Session)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-room.ended:
		s.hub.leave(room)
		s.answer(room.record)
	case <-timer.C:
		s.hub.leave(room)
		s.tell(receipt.ID)
	case <-s.r.Context().Done():
		if last := s.hub.leave(room); last {
			s.gone(receipt.ID)
		}
	}
}

// tell answers 202, unless legacy's answer came at the last moment.
func (s *shopper) tell(id string) {
	ended, err := s.store.Tell(context.WithoutCancel(s.r.Context()), id)
	if err != nil {
		s.log.Error("a shopper's 202 cannot be noted", "order_id", id, "error", err)
	}
	if ended {
		if record, err := s.store.Find(s.r.Context(), id); err == nil {
			s.answer(record)
			return
		}
	}
	s.later(id)
}

// gone notes that nobody saw what legacy answers.
func (s *shopper) gone(id string) {
	s.metrics.captured.WithLabelValues(toldGone).Inc()
	if _, err := s.store.Tell(context.WithoutCancel(s.r.Context()), id); err != nil {
		s.log.Error("a shopper who hung up cannot be noted", "order_id", id, "error", err)
	}
}

// answer passes legacy's answer on, or says what is known where there is none
// to pass on.
func (s *shopper) answer(record Record) {
	s.metrics.captured.WithLabelValues(toldAnswer).Inc()
	if a := record.Answer; a != nil && !a.Cut {
		a.writeTo(s.w)
		return
	}
	status := http.StatusOK
	if record.State != Written {
		status = http.StatusAccepted
	}
	s.show(s.w, s.r, status, standingOf(record))
}

// later answers 202 with the page to follow.
func (s *shopper) later(id string) {
	s.metrics.captured.WithLabelValues(toldLater).Inc()
	s.w.Header().Set("Location", FollowPath+id)
	s.w.Header().Set("Retry-After", "5")
	s.show(s.w, s.r, http.StatusAccepted, standingOf(Record{Capture: Capture{ID: id}}))
}
