package shop

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	resale "github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// Listings takes and finds what sellers offer.
type Listings interface {
	// Accept makes a listing durable and returns its receipt. A refusal is one of
	// the errors of package order; any other error is answered 503.
	Accept(ctx context.Context, l resale.Listing) (resale.Receipt, error)
	// Find returns the listing with this id, or order.ErrNotFound.
	Find(ctx context.Context, id string) (resale.Record, error)
}

// Uploads is where the pictures of listings arrive.
type Uploads interface {
	// Addresses returns where each picture of a listing is to be sent.
	Addresses(ctx context.Context, l resale.Listing) ([]resale.Upload, error)
	// Look returns what has become of each picture.
	Look(ctx context.Context, l resale.Listing) ([]resale.Standing, error)
	// View returns where a picture that was checked can be seen, or
	// order.ErrNotFound.
	View(ctx context.Context, l resale.Listing, picture string) (string, error)
	// Origin is where uploads go, such as https://bucket.example.com, for the
	// pages that have to be allowed to send there; empty: to the storefront.
	Origin(ctx context.Context) string
}

// offered is a refusal of a listing, whose words are not those of an order.
type offered struct{ error }

func (e offered) Unwrap() error { return e.error }

// offeredDetails are the sentences for refusals of a listing, by code.
var offeredDetails = map[string]string{
	"key_reused":  "This Idempotency-Key was used for a different listing. Use a new key for a new listing.",
	"too_large":   "The body is over the limit of " + strconv.Itoa(resale.MaxBodyBytes) + " bytes. Pictures are sent apart from it.",
	"internal":    "Something broke on our side. Ask again with the same key: nothing is listed twice.",
	"unavailable": "The listing could not be taken just now. Ask again with the same key: nothing is listed twice.",
}

// offer takes a listing, sent as JSON or as the form of the page that offers one.
func (s *server) offer(w http.ResponseWriter, r *http.Request) error {
	media := mediaType(r)
	if media != typeJSON && media != typeForm {
		return errMediaType
	}
	body, err := readBody(w, r, resale.MaxBodyBytes)
	if err != nil {
		return offered{err}
	}
	if media == typeForm {
		return s.offerForm(w, r, body)
	}
	l, err := resale.ParseJSON(body)
	if err == nil {
		var receipt resale.Receipt
		if receipt, err = s.takeListing(r, l); err == nil {
			err = s.offeredJSON(w, r, receipt.Listing)
		}
	}
	if err != nil {
		return offered{err}
	}
	return nil
}

// offerForm is the same for a form, which announces no pictures.
func (s *server) offerForm(w http.ResponseWriter, r *http.Request, body []byte) error {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return invalidField("body", "is not a form")
	}
	l, err := resale.ParseForm(form)
	var receipt resale.Receipt
	if err == nil {
		receipt, err = s.takeListing(r, l)
	}
	switch {
	case err != nil && asksJSON(r):
		return offered{err}
	case err != nil:
		s.prepareFailure(w, r, offered{err})
		return s.showSelling(w, r, l, offered{err})
	case asksJSON(r):
		return s.offeredJSON(w, r, receipt.Listing)
	}
	redirect(w, resale.Path(receipt.Listing.ID))
	return nil
}

// takeListing checks what only the shop knows, its shelves and grades, and hands
// the listing to whoever takes listings here.
func (s *server) takeListing(r *http.Request, l resale.Listing) (resale.Receipt, error) {
	var err error
	if l.Key, err = order.ParseKey(r.Header.Get("Idempotency-Key")); err != nil {
		return resale.Receipt{}, err
	}
	var faults []order.FieldError
	if _, known := s.catalogue.Category(l.Category); !known {
		faults = append(faults, order.FieldError{Field: "category", Detail: "is not a shelf of this shop"})
	}
	if !isGrade(l.Condition) {
		faults = append(faults, order.FieldError{Field: "condition", Detail: "is not one of our grades"})
	}
	if len(faults) > 0 {
		return resale.Receipt{}, &order.InvalidError{Fields: faults}
	}
	l.Trace = traceparent(r.Header.Get("Traceparent"))
	l.Epoch, _ = strconv.ParseUint(r.Header.Get("X-Banyan-Epoch"), 10, 64) // zero where no edge decided
	l.Session = cookie(r, sessionCookie)
	return s.listings.Accept(r.Context(), l)
}

func isGrade(condition string) bool {
	for _, g := range grades {
		if string(g.Name) == condition {
			return true
		}
	}
	return false
}

// offeredPicture is a picture of an accepted listing and where to send it.
type offeredPicture struct {
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	Upload resale.Upload `json:"upload"`
}

// offeredJSON is the answer to a listing that was taken, now or before.
func (s *server) offeredJSON(w http.ResponseWriter, r *http.Request, l resale.Listing) error {
	addresses, err := s.uploads.Addresses(r.Context(), l)
	if err != nil {
		return err
	}
	pictures := make([]offeredPicture, len(l.Pictures))
	for n, p := range l.Pictures {
		pictures[n] = offeredPicture{resale.PictureID(n), p.Name, addresses[n]}
	}
	path := resale.Path(l.ID)
	noStore(w)
	w.Header().Set("Location", path)
	return s.writeJSON(w, r, http.StatusAccepted, struct {
		ID        string           `json:"listing_id"`
		Status    order.State      `json:"status"`
		StatusURL string           `json:"status_url"`
		Pictures  []offeredPicture `json:"pictures"`
	}{l.ID, order.Accepted, path, pictures})
}

// listingOf finds the listing that a path names.
func (s *server) listingOf(r *http.Request) (resale.Record, error) {
	id := mux.Vars(r)["id"]
	if !order.ValidID(id) {
		return resale.Record{}, errNowhere
	}
	return s.listings.Find(r.Context(), id)
}

// listingPicture sends whoever asks to where a checked picture is. It is not
// kept: the address may be one that holds for minutes.
func (s *server) listingPicture(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.listingOf(r)
	if err != nil {
		return err
	}
	at, err := s.uploads.View(r.Context(), rec.Listing, mux.Vars(r)["picture"])
	if errors.Is(err, order.ErrNotFound) {
		return errNowhere
	}
	if err != nil {
		return offered{err}
	}
	noStore(w)
	w.Header().Set("Location", at)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusFound)
	return nil
}

// allowUploads lets a page send pictures to, and show them from, where they are
// kept.
func (s *server) allowUploads(w http.ResponseWriter, r *http.Request) {
	origin := s.uploads.Origin(r.Context())
	if origin == "" {
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' "+origin+
		"; script-src 'self'; connect-src 'self' "+origin+"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}
