package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
)

// flipView is the form for a product that the table does not list yet.
type flipView struct {
	frame
	Form flipForm
}

// flipPage shows the form for any product.
func (c *console) flipPage(w http.ResponseWriter, r *http.Request) {
	c.page(w, "flip", flipView{
		frame: c.frame(w, r, "products", "Flip a product"),
		Form: flipForm{Product: r.FormValue("product"), Arm: route.Serverless.String(),
			Share: "100", Who: rememberedName(r)},
	})
}

// flip takes every flip form: the button in the list, the details of a product,
// and the form for any product.
func (c *console) flip(w http.ResponseWriter, r *http.Request) {
	if !c.formRead(w, r) {
		return
	}
	form := readFlipForm(r.PostForm)
	if form.Who == "" && !r.PostForm.Has("who") { // the one-click button has no room for a name
		form.Who = rememberedName(r)
	}
	f := form.parse(c.Now())
	if len(form.Faults) > 0 {
		c.flipRefused(w, r, form)
		return
	}
	t := c.Products.Table()
	p, listed := t.find(f.Product)
	if listed && p.seen() == f.seen() { // a double click: what it asks for is in force
		c.flipped(w, r, f, Entry{Epoch: t.Epoch, At: c.Now(), Who: f.Who, What: f.Product + ": as it was", Product: f.Product})
		return
	}
	if form.Seen != "" && form.Seen != p.seen() {
		c.overtaken(w, r, form, p, listed)
		return
	}
	entry, err := c.Flipper.Flip(r.Context(), f)
	var invalid *order.InvalidError
	switch {
	case errors.As(err, &invalid):
		form.Faults = invalid.Fields
	case errors.Is(err, ErrUnknownProduct):
		form.fault("product", "is not a product that can be flipped")
	case err != nil:
		c.fail(w, r, "flip "+quote(f.Product), err)
		return
	default:
		c.Logger.Info("product flipped", "product", f.Product, "arm", f.Arm.String(), "epoch", entry.Epoch, "who", f.Who)
		c.flipped(w, r, f, entry)
		return
	}
	c.flipRefused(w, r, form)
}

// flipped answers a flip that is in force.
func (c *console) flipped(w http.ResponseWriter, r *http.Request, f Flip, entry Entry) {
	if wantsJSON(r) {
		c.json(w, http.StatusOK, entry)
		return
	}
	if r.PostForm.Get("who") != "" {
		rememberName(w, f.Who)
	}
	message := fmt.Sprintf("%s %s, epoch %d.", f.Product, flipWords(f, c.Now()), entry.Epoch)
	if f.Arm == route.Serverless && c.Products.Table().AllLegacy {
		message += " It counts as soon as all-legacy is ended."
	}
	c.done(w, r, backTo(r.PostForm, f.Product), message)
}

// backTo returns the page that the form asks to come back to: the list as it
// was, or the product. Only the query is taken from the form, so that it leads
// nowhere else.
func backTo(form url.Values, product string) string {
	if !form.Has("back") {
		return "/products/" + url.PathEscape(product)
	}
	q, err := url.ParseQuery(strings.TrimPrefix(form.Get("back"), "?"))
	if err != nil || len(q) == 0 {
		return "/products"
	}
	return "/products?" + q.Encode()
}

// flipRefused shows the form again with what is wrong with it: on the product's
// page where the table lists it, on the form for any product otherwise.
func (c *console) flipRefused(w http.ResponseWriter, r *http.Request, form flipForm) {
	if wantsJSON(r) {
		c.refuse(w, r, problem{Status: http.StatusUnprocessableEntity, Title: "The flip was refused",
			Detail: (&order.InvalidError{Fields: form.Faults}).Error(), Fields: form.Faults})
		return
	}
	if p, listed := c.Products.Table().find(form.Product); listed {
		c.productPage(w, r, http.StatusUnprocessableEntity, productView{Product: c.view(p), Form: form})
		return
	}
	f := c.frame(w, r, "products", "Flip a product")
	c.pages.write(c, w, http.StatusUnprocessableEntity, "flip", flipView{f, form})
}

// overtaken answers a form that was drawn before somebody else's flip: it
// shows what is set now, and changes nothing.
func (c *console) overtaken(w http.ResponseWriter, r *http.Request, form flipForm, p Product, listed bool) {
	conflict := problem{
		Status: http.StatusConflict,
		Title:  "Somebody else flipped this product meanwhile",
		Detail: "Nothing was changed.",
		Hint:   "look at what is set now, and send the form again if you still want to",
	}
	if wantsJSON(r) || !listed {
		c.refuse(w, r, conflict)
		return
	}
	form.Seen = p.seen()
	c.productPage(w, r, conflict.Status, productView{Product: c.view(p), Form: form, Conflict: conflict})
}

// formRead reads the posted form, or answers why it could not be read.
func (c *console) formRead(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		c.refuse(w, r, problem{Status: http.StatusRequestEntityTooLarge, Title: "This form is too large", Detail: "Nothing was changed."})
	case err != nil:
		c.refuse(w, r, problem{Status: http.StatusBadRequest, Title: "This form cannot be read", Detail: "Nothing was changed."})
	}
	return err == nil
}

// flipWords says what a flip that is in force does: "now goes to serverless".
func flipWords(f Flip, now time.Time) string {
	if f.Arm == route.Legacy {
		return "now goes to legacy"
	}
	words := "now goes to serverless"
	if f.From.After(now) {
		words = "goes to serverless from " + minute(f.From)
	}
	if !f.Until.IsZero() {
		words += " until " + minute(f.Until)
	}
	if f.Share != route.Everyone {
		words += " for " + f.Share.String() + " of shoppers"
	}
	return words
}
