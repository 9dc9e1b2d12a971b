package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// deadForm is a form that mends dead letters, as it was sent.
type deadForm struct {
	act    DeadAct
	faults []order.FieldError
}

// readDeadForm reads it and notes every fault.
func readDeadForm(form url.Values) deadForm {
	f := deadForm{act: DeadAct{ID: strings.TrimSpace(form.Get("id")), Cause: form.Get("cause"),
		Why: strings.TrimSpace(form.Get("why")), Who: strings.TrimSpace(form.Get("who"))}}
	f.check("why", textFault(f.act.Why, maxWhyBytes))
	f.check("who", textFault(f.act.Who, maxWhoBytes))
	if f.act.ID != "" && !order.ValidID(f.act.ID) {
		f.check("id", "is not a number of an order or a request")
	}
	if f.act.ID == "" && f.act.Cause == "" {
		f.check("cause", "is missing")
	}
	return f
}

func (f *deadForm) check(field, fault string) {
	if fault != "" {
		f.faults = append(f.faults, order.FieldError{Field: field, Detail: fault})
	}
}

// who is the name that stands in the audit.
func (f *deadForm) who() DeadAct {
	a := f.act
	if a.Who == "" {
		a.Who = nobody
	}
	return a
}

// redrive begins to put one, or all of a cause, back in the queue.
func (c *console) redrive(w http.ResponseWriter, r *http.Request) {
	if !c.formRead(w, r) {
		return
	}
	f := readDeadForm(r.PostForm)
	if len(f.faults) > 0 {
		c.mendRefused(w, r, f)
		return
	}
	err := c.Mender.Redrive(r.Context(), f.who())
	switch {
	case errors.Is(err, ErrRedriving):
		c.refuse(w, r, problem{Status: http.StatusConflict, Title: "Dead letters are being put back already",
			Detail: "Nothing was changed.", Hint: "wait until that has ended; the page of dead letters shows how it goes"})
		return
	case err != nil:
		c.mendFailed(w, r, f, err)
		return
	}
	c.Logger.Info("dead letters redriven", "order_id", f.act.ID, "cause", f.act.Cause, "who", f.who().Who)
	c.mended(w, r, f, "They go back to the queue now; below is how they fare.")
}

// drop gives one up for good. It wants a reason, as the shopper has a yes.
func (c *console) drop(w http.ResponseWriter, r *http.Request) {
	if !c.formRead(w, r) {
		return
	}
	f := readDeadForm(r.PostForm)
	if f.act.ID == "" {
		f.check("id", "is missing: one letter is given up at a time")
	}
	if f.act.Why == "" {
		f.check("why", "is missing: the shopper has a yes, and somebody will ask")
	}
	if len(f.faults) > 0 {
		c.mendRefused(w, r, f)
		return
	}
	if err := c.Mender.Drop(r.Context(), f.who()); err != nil {
		c.mendFailed(w, r, f, err)
		return
	}
	c.Logger.Info("dead letter dropped", "order_id", f.act.ID, "who", f.who().Who)
	c.mended(w, r, f, f.act.ID+" is given up for good.")
}

// mended answers a form that was carried out.
func (c *console) mended(w http.ResponseWriter, r *http.Request, f deadForm, message string) {
	if wantsJSON(r) {
		c.json(w, http.StatusOK, struct{}{})
		return
	}
	rememberName(w, f.act.Who)
	c.done(w, r, "/dead", message)
}

// mendFailed answers for a mender that could not.
func (c *console) mendFailed(w http.ResponseWriter, r *http.Request, f deadForm, err error) {
	switch {
	case errors.Is(err, order.ErrNotFound):
		c.noSuchLetter(w, r, f.act.ID)
	case errors.Is(err, ErrMended):
		c.refuse(w, r, problem{Status: http.StatusConflict, Title: "It is no dead letter any more",
			Detail: "Somebody was quicker. Nothing was changed.", Hint: "look at what became of it"})
	default:
		c.fail(w, r, "mend the dead letter", err)
	}
}

// mendRefused shows the form again with what is wrong with it.
func (c *console) mendRefused(w http.ResponseWriter, r *http.Request, f deadForm) {
	invalid := &order.InvalidError{Fields: f.faults}
	switch {
	case wantsJSON(r), f.act.ID == "" && f.act.Cause == "", invalid.Detail("id") != "":
		c.refuse(w, r, problem{Status: http.StatusUnprocessableEntity, Title: "Nothing was changed", Detail: invalid.Error(), Fields: f.faults})
	case f.act.ID != "":
		c.showLetter(w, r, http.StatusUnprocessableEntity, deadLetterView{Letter: DeadLetter{ID: f.act.ID}, Why: f.act.Why, Who: f.act.Who, Faults: f.faults})
	default:
		c.showGroup(w, r, http.StatusUnprocessableEntity, deadGroupView{Group: DeadCause{Cause: f.act.Cause}, Why: f.act.Why, Who: f.act.Who, Faults: f.faults})
	}
}
