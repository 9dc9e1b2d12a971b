package route

import (
	"fmt"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var (
	flipKeys = []string{"arm", "share", "from", "until", "stock"}
	arms     = []string{Legacy.String(), Serverless.String()}
)

// stockDigits bounds the stock of one product: 999,999,999 units.
const stockDigits = 9

// productReader reads products from YAML.
type productReader struct{ document }

// whole reads src with the YAML parser.
func (r *productReader) whole(src []byte) []Product {
	var products []Product
	for _, f := range r.fields(r.parse(src), "the file", nil) {
		products = append(products, r.product(f))
	}
	return products
}

func (r *productReader) product(f field) Product {
	p := Product{Slug: f.name, Share: Everyone, Line: r.place(f.key).line}
	if problem := slugProblem(f.name); problem != "" {
		r.add(f.key, slugHint(f.name), "%s", problem)
	}
	switch f.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		if text, ok := r.text(f.value, "the product's arm"); ok {
			r.set(&p, "arm", text, f.value)
		}
		return p
	}
	set := make(map[string]ast.Node)
	for _, f := range r.fields(f.value, "a product", flipKeys) {
		if text, ok := r.text(f.value, f.name); ok {
			set[f.name] = f.value
			r.set(&p, f.name, text, f.value)
		}
	}
	if set["arm"] == nil {
		r.add(f.key, "write arm: serverless or arm: legacy", "the product has no arm")
		return p
	}
	for _, name := range []string{"share", "from", "until"} {
		if n := set[name]; n != nil && p.Arm == Legacy {
			r.add(n, "leave it out, or flip the product to serverless", "a product on legacy has no %s", name)
		}
	}
	if !p.From.IsZero() && !p.Until.IsZero() && !p.From.Before(p.Until) {
		r.add(set["until"], "from is the first moment on serverless, until the first after it", "until is not after from")
	}
	return p
}

// set reads one value of a product.
func (r *productReader) set(p *Product, name, text string, n ast.Node) {
	if hint, err := p.set(name, text); err != nil {
		r.add(n, hint, "%s", err)
	}
}

// set sets the field that is called name in products.yaml.
func (p *Product) set(name, text string) (hint string, err error) {
	switch name {
	case "arm":
		if err := p.Arm.UnmarshalText([]byte(text)); err != nil {
			return suggest(text, arms), fmt.Errorf("unknown arm")
		}
	case "share":
		share, err := ParseShare(text)
		if err != nil {
			return "write it like 25% or 0.5%", ErrShare
		}
		p.Share = share
	case "from":
		p.From, err = parseMoment(text)
	case "until":
		p.Until, err = parseMoment(text)
	case "stock":
		if !digits(text, stockDigits) {
			return "write a whole number", fmt.Errorf("stock is a number of units, at most %d digits", stockDigits)
		}
		stock, _ := strconv.Atoi(text)
		p.Stock = &stock
	}
	if err != nil {
		hint = "write it like 2026-11-27T08:00:00Z"
	}
	return hint, err
}

// parseMoment reads a moment of a schedule.
func parseMoment(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Nanosecond() != 0 || at.IsZero() {
		return time.Time{}, fmt.Errorf("a schedule is a date and time with its zone, to the second")
	}
	return at.UTC(), nil
}
