package shop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/banyan-edge/banyan/api/order"
)

// The shop's own refusals; those of an order are in package order.
var (
	errTooLarge  = errors.New("body is too large")
	errMediaType = errors.New("body is neither JSON nor a form")
	errNowhere   = errors.New("no such page")
	errMethod    = errors.New("method not allowed")
	errCrossSite = errors.New("sent from another site")
	errPanic     = errors.New("panic")
)

// answer is what a client is told of a class of errors.
type answer struct {
	status int
	code   string
	title  string
	retry  int // seconds after which asking again makes sense; zero means not at all
}

// answerTo is the one table from class of error to answer. What is in no row is
// ours to mend: the client is asked to come back, and the log has the rest.
func answerTo(err error) answer {
	var (
		invalid *order.InvalidError
		unknown *order.UnknownProductError
		price   *order.PriceChangedError
		soldOut *order.SoldOutError
	)
	switch {
	case errors.As(err, &invalid):
		return answer{400, "invalid", "Something needs correcting", 0}
	case errors.Is(err, errCrossSite):
		return answer{403, "cross_site", "That did not come from this shop", 0}
	case errors.Is(err, errNowhere), errors.Is(err, order.ErrNotFound):
		return answer{404, "not_found", "Nothing here but water", 0}
	case errors.Is(err, errMethod):
		return answer{405, "method_not_allowed", "That cannot be done here", 0}
	case errors.As(err, &price):
		return answer{409, "price_changed", "The price has changed", 0}
	case errors.As(err, &soldOut):
		return answer{409, "sold_out", "Sold while you were looking", 0}
	case errors.Is(err, order.ErrKeyInWork):
		return answer{409, "key_in_work", "This order is being placed", 1}
	case errors.Is(err, errTooLarge):
		return answer{413, "too_large", "That is too much at once", 0}
	case errors.Is(err, errMediaType):
		return answer{415, "unsupported_media_type", "That is not a form we can read", 0}
	case errors.As(err, &unknown):
		return answer{422, "unknown_product", "We do not sell that", 0}
	case errors.Is(err, order.ErrKeyReused):
		return answer{422, "key_reused", "This key belongs to another order", 0}
	case errors.Is(err, errPanic):
		return answer{500, "internal", "Our mistake", 0}
	default:
		return answer{503, "unavailable", "We cannot take that right now", 5}
	}
}

// details are the sentences that go with a code, where the error itself is not
// fit for a shopper.
var details = map[string]string{
	"cross_site":             "The request was sent from another website, so nothing was done.",
	"not_found":              "There is no page at this address. It may have been sold, moved or mistyped.",
	"method_not_allowed":     "This address knows other methods; see the Allow header.",
	"key_in_work":            "An order with this key is being placed at this moment. Ask again shortly.",
	"too_large":              "The body is over the limit of " + strconv.Itoa(order.MaxBodyBytes) + " bytes.",
	"unsupported_media_type": "Send application/json or application/x-www-form-urlencoded.",
	"key_reused":             "This Idempotency-Key was used for a different order. Use a new key for a new order.",
	"internal":               "Something broke on our side. Nothing was ordered.",
	"unavailable":            "Nothing was ordered and nothing was charged. Please try again in a moment.",
}

// problem is an answer in the form of RFC 9457.
type problem struct {
	Type   string             `json:"type"`
	Title  string             `json:"title"`
	Status int                `json:"status"`
	Detail string             `json:"detail"`
	Code   string             `json:"code"`
	Fields []order.FieldError `json:"fields,omitempty"` // of invalid
	SKU    string             `json:"sku,omitempty"`    // of unknown_product, price_changed, sold_out
	Price  *order.Money       `json:"price,omitempty"`  // of price_changed: the price now
	Left   *int               `json:"left,omitempty"`   // of sold_out
}

// problem says an error in words and figures that are the client's business.
func (s *server) problem(err error) problem {
	a := answerTo(err)
	p := problem{Type: "about:blank", Title: a.title, Status: a.status, Code: a.code, Detail: details[a.code]}
	if detail := offeredDetails[a.code]; detail != "" && errors.As(err, new(offered)) {
		p.Detail = detail
	}
	var (
		invalid *order.InvalidError
		unknown *order.UnknownProductError
		price   *order.PriceChangedError
		soldOut *order.SoldOutError
	)
	switch {
	case errors.As(err, &invalid):
		p.Detail, p.Fields = invalid.Error(), invalid.Fields
	case errors.As(err, &unknown):
		p.SKU, p.Detail = unknown.SKU, fmt.Sprintf("There is no product %q.", unknown.SKU)
	case errors.As(err, &price):
		p.SKU, p.Price = price.SKU, &price.Price
		p.Detail = fmt.Sprintf("%s now costs %s.", s.name(price.SKU), price.Price)
	case errors.As(err, &soldOut):
		p.SKU, p.Left = soldOut.SKU, &soldOut.Left
		p.Detail = fmt.Sprintf("%s is sold out.", s.name(soldOut.SKU))
		if soldOut.Left > 0 {
			p.Detail = fmt.Sprintf("Only %d of %s left.", soldOut.Left, s.name(soldOut.SKU))
		}
	}
	return p
}

// name is a SKU as a shopper knows it.
func (s *server) name(sku string) string {
	p, variant, ok := s.catalogue.item(sku)
	switch {
	case !ok:
		return sku
	case variant == "":
		return p.Name
	default:
		return p.Name + ", " + variant
	}
}

// fail answers an error, as JSON or as a page.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(err)
	s.prepareFailure(w, r, err)
	if asksJSON(r) {
		s.sendProblem(w, r, p)
		return
	}
	page := errorPage{frame: s.frame(r, p.Title), Problem: p}
	body, renderErr := s.pages.render("error", page)
	if renderErr != nil {
		s.log.ErrorContext(r.Context(), "page not rendered", slog.Any("error", renderErr))
		s.sendProblem(w, r, p)
		return
	}
	send(w, r, p.Status, typeHTML, body)
}

type errorPage struct {
	frame
	Problem problem
}

// prepareFailure logs what is ours and sets the headers that go with a refusal.
func (s *server) prepareFailure(w http.ResponseWriter, r *http.Request, err error) {
	a := answerTo(err)
	if sight := sightOf(r.Context()); sight != nil {
		sight.Code = a.code
	}
	if a.status >= 500 {
		level := slog.LevelError
		if errors.Is(r.Context().Err(), context.Canceled) {
			level = slog.LevelDebug // the shopper left; nobody is waiting for this answer
		}
		s.log.LogAttrs(r.Context(), level, "request failed", slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.String("outcome", a.code), slog.Any("error", err))
	}
	noStore(w)
	if a.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(a.retry))
	}
}

func (s *server) sendProblem(w http.ResponseWriter, r *http.Request, p problem) {
	send(w, r, p.Status, "application/problem+json", mustJSON(p))
}

func (s *server) nowhere(_ http.ResponseWriter, _ *http.Request) error { return errNowhere }
