package flip

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// The refusals of a change. Where a change is refused, no file was touched; an
// error that wraps route.ErrFindings says what the files would have had wrong.
var (
	// ErrUnchanged: the files say so already; no entry was made.
	ErrUnchanged = errors.New("nothing to change")
	// ErrStyle: the file is written in a way that Banyan does not edit.
	ErrStyle = errors.New("the file is written in a way that cannot be edited line by line; change it by hand")
	// ErrLegacyFlip: a share or a schedule was given for the legacy arm.
	ErrLegacyFlip = errors.New("share and schedule are for the serverless arm")
	// ErrMode: there is no such mode.
	ErrMode = errors.New(`the mode is "all-legacy" or ""`)
)

// Change is a flip of one product: its whole state afterwards. What is nil is
// taken away: no share is everyone, no from and no until is no schedule. The
// product's stock stays.
type Change struct {
	Product string
	Arm     route.Arm
	Share   *route.Share
	From    *time.Time
	Until   *time.Time
	Who     string
	Why     string
}

// apply returns the product as the change leaves it.
func (c Change) apply(p route.Product) (route.Product, error) {
	if err := route.CheckSlug(c.Product); err != nil {
		return p, err
	}
	if c.Arm == route.Legacy && (c.Share != nil || c.From != nil || c.Until != nil) {
		return p, ErrLegacyFlip
	}
	p = route.Product{Slug: c.Product, Arm: c.Arm, Share: route.Everyone, Stock: p.Stock}
	if c.Share != nil {
		p.Share = *c.Share
	}
	if c.From != nil {
		p.From = c.From.UTC().Truncate(time.Second)
	}
	if c.Until != nil {
		p.Until = c.Until.UTC().Truncate(time.Second)
	}
	return p, nil
}

// Apply flips one product: the journal and products.yaml have it, durably,
// when it returns. It is refused where the files have errors before or after.
func (s *Store) Apply(c Change) (Entry, error) {
	entry, err := s.change(Entry{Who: c.Who, Why: c.Why, Product: c.Product}, func(now *content, t *route.Table) (*content, error) {
		if t == nil {
			return nil, fmt.Errorf("the files have errors already:\n%w", now.err())
		}
		old, _ := t.Product(c.Product)
		p, err := c.apply(old)
		if err != nil {
			return nil, err
		}
		if old.Slug != "" && same(old, p) {
			return nil, ErrUnchanged
		}
		next, err := s.contentOf(now.config, setProduct(now.products, p))
		if err != nil {
			return nil, err
		}
		return next, onlyChanged(now, next, p)
	})
	if err != nil {
		return entry, fmt.Errorf("flip %s: %w", c.Product, err)
	}
	return entry, nil
}

// SetMode sets the mode: route.ModeAllLegacy sends everything to legacy, ""
// lets the table decide again.
func (s *Store) SetMode(mode, who, why string) (Entry, error) {
	entry, err := s.change(Entry{Who: who, Why: why}, func(now *content, _ *route.Table) (*content, error) {
		if mode != "" && mode != route.ModeAllLegacy {
			return nil, ErrMode
		}
		if err := now.configErr(); err != nil {
			return nil, fmt.Errorf("the file has errors already:\n%w", err)
		}
		if now.cfg.Mode == mode {
			return nil, ErrUnchanged
		}
		next, err := s.contentOf(setMode(now.config, mode), now.products)
		if err != nil {
			return nil, err
		}
		if next.cfg.Mode != mode || next.configErr() != nil {
			return nil, ErrStyle
		}
		return next, nil
	})
	if err != nil {
		return entry, fmt.Errorf("set the mode: %w", err)
	}
	return entry, nil
}

// err returns what is wrong with the content.
func (c *content) err() error {
	_, findings := c.compile(0)
	return findings.Err()
}

// same reports whether two products are flipped alike; where they stand in the
// file does not matter.
func same(a, b route.Product) bool {
	a.Line, b.Line = 0, 0
	return reflect.DeepEqual(a, b)
}

// onlyChanged makes sure that an edit did what it was to do: p is in the file,
// and every other product stands as it stood.
func onlyChanged(before, after *content, p route.Product) error {
	old, _ := route.ReadProducts(before.cfg.Products.File, before.products)
	got, findings := route.ReadProducts(after.cfg.Products.File, after.products)
	if i := slices.IndexFunc(old, func(o route.Product) bool { return o.Slug == p.Slug }); i >= 0 {
		old[i] = p
	} else {
		old = append(old, p)
	}
	if err := findings.Err(); err != nil && !slices.EqualFunc(old, got, same) {
		return fmt.Errorf("%w\n%w", ErrStyle, err)
	} else if err != nil {
		return err
	}
	if !slices.EqualFunc(old, got, same) {
		return ErrStyle
	}
	return nil
}

// whatDifferences bounds how many differences an entry spells out.
const whatDifferences = 5

// what says in words what changed between two tables.
func what(old, new *route.Table) string {
	if old == nil { // only the mode can be set where the products are broken
		return "mode: " + new.Config().Mode
	}
	diff := route.Diff(old, new)
	var words []string
	for i, d := range diff {
		if i == whatDifferences {
			words = append(words, fmt.Sprintf("and %d more", len(diff)-i))
			break
		}
		words = append(words, d.String())
	}
	if len(words) == 0 {
		return "comments or layout"
	}
	return strings.Join(words, "; ")
}
