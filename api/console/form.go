package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
)

// The longest texts a form takes.
const (
	maxSlugBytes = 128
	maxWhyBytes  = 200
	maxWhoBytes  = 60
)

// nobody is who flipped where no name was given.
const nobody = "console"

// flipForm is the flip form as it was sent, to be shown again as it was, with
// what is wrong beside each field.
type flipForm struct {
	Product string
	Arm     string
	Share   string // a number, without the percent sign
	From    string // in UTC, as a datetime-local field writes it
	Until   string
	Why     string
	Who     string
	Seen    string // the setting that the form was drawn with, see Product.seen
	Faults  []order.FieldError
}

// formOf returns the form that shows a product's setting.
func formOf(p Product, who string) flipForm {
	return flipForm{
		Product: p.Slug,
		Arm:     p.Arm.String(),
		Share:   strings.TrimSuffix(p.Share.String(), "%"),
		From:    formTime(p.From),
		Until:   formTime(p.Until),
		Who:     who,
		Seen:    p.seen(),
	}
}

// seen stands for a product's setting. A form carries it, so that it is not
// sent over a change that somebody else made while it was open.
func (p Product) seen() string {
	return fmt.Sprintf("%s %s %s %s", p.Arm, p.Share, formTime(p.From), formTime(p.Until))
}

// seen stands for the setting that the flip leads to.
func (f Flip) seen() string {
	return Product{Arm: f.Arm, Share: f.Share, From: f.From, Until: f.Until}.seen()
}

func readFlipForm(form url.Values) flipForm {
	return flipForm{
		Product: strings.TrimSpace(form.Get("product")),
		Arm:     form.Get("arm"),
		Share:   strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(form.Get("share")), "%")),
		From:    strings.TrimSpace(form.Get("from")),
		Until:   strings.TrimSpace(form.Get("until")),
		Why:     strings.TrimSpace(form.Get("why")),
		Who:     strings.TrimSpace(form.Get("who")),
		Seen:    form.Get("seen"),
	}
}

// parse returns the flip that the form asks for and notes every fault. What is
// not said is everyone, from now, for ever.
func (f *flipForm) parse(now time.Time) Flip {
	flip := Flip{Product: f.Product, Share: route.Everyone, Why: f.Why, Who: f.Who}
	f.text("product", f.Product, maxSlugBytes)
	if f.Product == "" {
		f.fault("product", "is missing")
	}
	f.text("why", f.Why, maxWhyBytes)
	f.text("who", f.Who, maxWhoBytes)
	if flip.Who == "" {
		flip.Who = nobody
	}
	if err := flip.Arm.UnmarshalText([]byte(f.Arm)); err != nil {
		f.fault("arm", "is to be legacy or serverless")
	}
	if flip.Arm == route.Legacy {
		return flip // share and schedule are of serverless; what stands there has no effect
	}
	if f.Share != "" {
		share, err := route.ParseShare(f.Share + "%")
		if err != nil {
			f.fault("share", "is to be a percentage from 0 to 100, with at most two decimals")
		}
		flip.Share = share
	}
	flip.From = f.moment("from", f.From)
	flip.Until = f.moment("until", f.Until)
	switch {
	case flip.Until.IsZero():
	case !flip.From.IsZero() && !flip.Until.After(flip.From):
		f.fault("until", "is not after “from”")
	case !flip.Until.After(now):
		f.fault("until", "has passed already; the flip would have no effect")
	}
	return flip
}

// moment reads a time in UTC.
func (f *flipForm) moment(field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 2000 && t.Year() < 3000 {
			return t.UTC()
		}
	}
	f.fault(field, "is not a time such as 2026-11-27T08:00 (UTC)")
	return time.Time{}
}

// text checks a line of text: it ends up in a file and in a journal.
func (f *flipForm) text(field, value string, limit int) {
	if fault := textFault(value, limit); fault != "" {
		f.fault(field, fault)
	}
}

func (f *flipForm) fault(field, detail string) {
	f.Faults = append(f.Faults, order.FieldError{Field: field, Detail: detail})
}

func textFault(value string, limit int) string {
	switch {
	case len(value) > limit:
		return fmt.Sprintf("is longer than %d bytes", limit)
	case !utf8.ValidString(value):
		return "is not valid UTF-8"
	case strings.ContainsFunc(value, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return "is to be one line, without control characters"
	}
	return ""
}

// nameCookie remembers who sent a form last, so that the next one is filled in.
// It is a convenience and no proof: the console asks nobody to sign in.
const nameCookie = "banyan_console_name"

func rememberedName(r *http.Request) string {
	cookie, err := r.Cookie(nameCookie)
	if err != nil {
		return ""
	}
	name, err := url.QueryUnescape(cookie.Value)
	if err != nil || textFault(name, maxWhoBytes) != "" {
		return ""
	}
	return name
}

func rememberName(w http.ResponseWriter, name string) {
	if name == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: nameCookie, Value: url.QueryEscape(name), Path: "/",
		MaxAge: int((365 * 24 * time.Hour).Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
