package route

import (
	"fmt"
	"slices"
)

// findingsOfProducts is how many products a kind of advice names one by one.
const findingsOfProducts = 10

// shadowed warns of product paths that an earlier product path reads as
// another product: with /shop/{product}/{size} before it and a product called
// sale, /shop/sale/{product} shows nothing but sale. It returns the others.
func (a *adviser) shadowed() (shown []*template) {
	for i := range a.table.templates {
		t := &a.table.templates[i]
		slug, by := a.shadowOf(t, a.table.templates[:i])
		if by == nil {
			shown = append(shown, t)
			continue
		}
		a.add(a.templatePlace(t.text), Finding{Severity: Warning, Text: t.text,
			Message: fmt.Sprintf("products at this path can never be flipped: all of it is the product %s, by %s before it", slug, by.text),
			Hint:    "put the narrower product path first"})
	}
	return shown
}

func (a *adviser) shadowOf(t *template, earlier []template) (slug string, by *template) {
	for i := range earlier {
		other := &earlier[i]
		if other.product >= len(t.segments) || t.segments[other.product] == "" {
			continue
		}
		slug := t.segments[other.product]
		if a.table.index.find(slug, a.table.products) != nil && hide(t.form(), []rule{{form: other.formOf(slug)}}) {
			return slug, other
		}
	}
	return "", nil
}

// unreachable warns of products of which every path is taken by routes first.
func (a *adviser) unreachable(templates []*template) {
	rules := slices.DeleteFunc(slices.Clone(a.rules), func(r rule) bool { return len(r.Methods) > 0 })
	for _, t := range templates {
		if f := t.form(); !slices.ContainsFunc(rules, func(r rule) bool { return common(f, r.form) != "" }) {
			return // every product can be reached here
		}
	}
	if len(templates) == 0 { // said of each of them, or of all
		return
	}
	hidden := 0
	for i := range a.table.products {
		p := &a.table.products[i]
		r := hiderOf(p.Slug, templates, rules)
		if r == nil {
			continue
		}
		if hidden++; hidden <= findingsOfProducts {
			a.findings = append(a.findings, Finding{File: a.cfg.Products.File, Line: max(1, p.Line), Column: 1, Text: p.Slug, Severity: Warning,
				Message: fmt.Sprintf("no request can reach this product: route %s of %s takes every one first", r.at(), a.cfg.File),
				Hint:    "narrow the route, or rename the product"})
		}
	}
	if more := hidden - findingsOfProducts; more > 0 {
		a.add(place{}, Finding{Severity: Warning, Text: a.cfg.Products.File, Message: fmt.Sprintf("%d products more cannot be reached", more),
			Hint: "narrow the routes that take the others"})
	}
}

// hiderOf returns a rule that takes the product's requests first, where rules
// take all of them at each of the product paths.
func hiderOf(slug string, templates []*template, rules []rule) (first *rule) {
	for _, t := range templates {
		at := slices.IndexFunc(rules, func(r rule) bool { return r.pattern.match(t.pathOf(slug)) })
		if at < 0 || !hide(t.formOf(slug), rules) {
			return nil
		}
		if first == nil {
			first = &rules[at]
		}
	}
	return first
}

// anySegment stands for a named segment; no rule is likely to be for it, so that
// most products are seen to be reachable at the first look.
const anySegment = "~~"

// pathOf returns one path at which the template shows the product.
func (t *template) pathOf(slug string) string {
	path := make([]byte, 0, 2*len(t.text)+len(slug))
	for i, segment := range t.segments {
		if segment == "" {
			segment = anySegment
		}
		if i == t.product {
			segment = slug
		}
		path = append(append(path, '/'), segment...)
	}
	if t.below {
		path = append(append(path, '/'), anySegment...)
	}
	return string(path)
}
