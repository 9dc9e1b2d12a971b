package route

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Product is a thing that a merchant can flip, known by its slug: the segment
// of the address that names it.
type Product struct {
	Slug  string    `json:"slug"`
	Arm   Arm       `json:"arm"`
	Share Share     `json:"share"` // of shoppers on the serverless arm; Everyone where none is set
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Stock *int      `json:"stock,omitempty"` // units there are to sell; nil where the catalogue knows better
	Line  int       `json:"-"`               // in products.yaml
}

// Active reports whether now is within the product's schedule: from is within,
// until is not.
func (p *Product) Active(now time.Time) bool {
	if !p.From.IsZero() && now.Before(p.From) {
		return false
	}
	return p.Until.IsZero() || now.Before(p.Until)
}

// Words says how the product is flipped: "serverless 25% from … until …".
func (p Product) Words() string {
	words := []string{p.Arm.String()}
	if p.Share != Everyone {
		words = append(words, p.Share.String())
	}
	if !p.From.IsZero() {
		words = append(words, "from", p.From.UTC().Format(time.RFC3339))
	}
	if !p.Until.IsZero() {
		words = append(words, "until", p.Until.UTC().Format(time.RFC3339))
	}
	return strings.Join(words, " ")
}

// slugBytes bounds a slug: long enough for any catalogue, short enough for a
// key of the edge's key-value store and for one buffer of Decide.
const slugBytes = 128

// ErrSlug: no address can name a product so.
var ErrSlug = errors.New("not a product's slug")

// CheckSlug returns nil where a product can be known by this slug, and an
// ErrSlug that says why not otherwise.
func CheckSlug(slug string) error {
	if problem := slugProblem(slug); problem != "" {
		return fmt.Errorf("%w: %q: %s", ErrSlug, slug, problem)
	}
	return nil
}

// slugProblem says why slug can never be the {product} segment of a canonical
// path, or "".
func slugProblem(slug string) string {
	if slug == "" || len(slug) > slugBytes {
		return "a product's slug has 1 to 128 characters"
	}
	if strings.ContainsAny(slug, "/ \"<>^`{|}") {
		return "a product's slug cannot hold this character"
	}
	canonical, why := Canonical("/" + slug)
	if why != Clear {
		return "no address can hold this slug: " + why.Sentence()
	}
	if canonical[1:] != slug {
		return "the table looks this slug up in another spelling"
	}
	return ""
}

// slugHint says what to write instead of a slug that has a problem.
func slugHint(slug string) string {
	if canonical, why := Canonical("/" + slug); why == Clear && canonical[1:] != slug {
		return "write " + canonical[1:]
	}
	return "write it as it stands in the product's address, such as muskie-casting-rod or caf%C3%A9-mug"
}
