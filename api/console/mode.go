package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// modeView is the page that confirms a change of mode. It is the one action for
// the bad day, so it takes one more click and not two.
type modeView struct {
	frame
	To       string // the mode it would change to: the other one
	Affected int    // products that would go elsewhere
	Why, Who string
	Faults   []order.FieldError
}

// modePage says what the other mode would do, and asks.
func (c *console) modePage(w http.ResponseWriter, r *http.Request) {
	c.showMode(w, r, http.StatusOK, modeView{Who: rememberedName(r)})
}

func (c *console) showMode(w http.ResponseWriter, r *http.Request, status int, v modeView) {
	t := c.Products.Table()
	v.frame = c.frame(w, r, "mode", "Send everything to legacy")
	v.frame.Table = t.view()
	v.To = modeAllLegacy
	if t.AllLegacy {
		v.To, v.Title = modeNormal, "End all-legacy"
	}
	now := c.Now()
	t.AllLegacy = false
	for _, p := range t.Products {
		if s := standingOf(p, t, now); s == standsServerless || s == standsShared {
			v.Affected++
		}
	}
	c.pages.write(c, w, status, "mode", v)
}

// setMode changes the mode. The form says which one it wants, so that a second
// click does not undo the first.
func (c *console) setMode(w http.ResponseWriter, r *http.Request) {
	if !c.formRead(w, r) {
		return
	}
	to := r.PostForm.Get("mode")
	v := modeView{Why: strings.TrimSpace(r.PostForm.Get("why")), Who: strings.TrimSpace(r.PostForm.Get("who"))}
	v.check("why", textFault(v.Why, maxWhyBytes))
	v.check("who", textFault(v.Who, maxWhoBytes))
	if to != modeNormal && to != modeAllLegacy {
		v.check("mode", "is to be normal or all-legacy")
	}
	if len(v.Faults) > 0 {
		c.modeRefused(w, r, v)
		return
	}
	change := ModeChange{AllLegacy: to == modeAllLegacy, Why: v.Why, Who: v.Who}
	if change.Who == "" {
		change.Who = nobody
	}
	entry, err := c.Flipper.SetMode(r.Context(), change)
	var invalid *order.InvalidError
	switch {
	case errors.As(err, &invalid):
		v.Faults = invalid.Fields
		c.modeRefused(w, r, v)
		return
	case err != nil:
		c.fail(w, r, "change the mode to "+to, err)
		return
	}
	c.Logger.Info("mode set", "mode", to, "epoch", entry.Epoch, "who", change.Who)
	if wantsJSON(r) {
		c.json(w, http.StatusOK, entry)
		return
	}
	rememberName(w, v.Who)
	message := "Products and routes decide again"
	if change.AllLegacy {
		message = "Everything now goes to legacy"
	}
	c.done(w, r, "/", message+", epoch "+count(int64(entry.Epoch))+".")
}

func (v *modeView) check(field, fault string) {
	if fault != "" {
		v.Faults = append(v.Faults, order.FieldError{Field: field, Detail: fault})
	}
}

func (c *console) modeRefused(w http.ResponseWriter, r *http.Request, v modeView) {
	if wantsJSON(r) {
		c.refuse(w, r, problem{Status: http.StatusUnprocessableEntity, Title: "The mode was not changed",
			Detail: (&order.InvalidError{Fields: v.Faults}).Error(), Fields: v.Faults})
		return
	}
	c.showMode(w, r, http.StatusUnprocessableEntity, v)
}
