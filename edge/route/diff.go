package route

import (
	"fmt"
	"slices"
	"strings"
)

// Difference is one thing that two tables say differently.
type Difference struct {
	Subject string `json:"subject"` // mode, storefront, origin, trusted_hops, session_cookies, edge, products, route, product
	Name    string `json:"name"`
	What    string `json:"what"` // "legacy → serverless 25%"
}

// String returns the difference in words.
func (d Difference) String() string { return d.Name + ": " + d.What }

// absent is what a table says of something that is not in it.
const absent = "none"

// Diff returns what changed from old to new, in words: the mode and what else
// banyan.yaml says first, then routes, then products by slug. A nil table is
// an empty one.
func Diff(old, new *Table) []Difference {
	if old == nil {
		old = &Table{cfg: &Config{}}
	}
	if new == nil {
		new = &Table{cfg: &Config{}}
	}
	var diff []Difference
	note := func(subject, name, before, after string) {
		if before != after {
			diff = append(diff, Difference{subject, name, orAbsent(before) + " → " + orAbsent(after)})
		}
	}
	a, b := old.cfg, new.cfg
	note("mode", "mode", a.Mode, b.Mode)
	note("storefront", "storefront", a.Storefront, b.Storefront)
	note("origin", "origin legacy", a.Origins.Legacy.words(), b.Origins.Legacy.words())
	note("origin", "origin serverless", a.Origins.Serverless.words(), b.Origins.Serverless.words())
	note("trusted_hops", "trusted hops", strings.Join(a.TrustedHops, " "), strings.Join(b.TrustedHops, " "))
	note("session_cookies", "session cookies", strings.Join(a.SessionCookies, " "), strings.Join(b.SessionCookies, " "))
	note("edge", "edge store", a.Edge.Store, b.Edge.Store)
	note("products", "products file", a.Products.File, b.Products.File)
	note("products", "product paths", strings.Join(a.Products.Paths, " "), strings.Join(b.Products.Paths, " "))
	diffRoutes(a.Routes, b.Routes, note)
	diffProducts(old.products, new.products, note)
	return diff
}

func orAbsent(words string) string {
	if words == "" {
		return absent
	}
	return words
}

func (o Origin) words() string {
	if o.IsLocal() {
		return Local
	}
	words := strings.TrimSpace(o.URL + " " + o.Host)
	if s := o.Secret; s != (Secret{}) {
		words += " secret " + s.Header + " of " + s.File + s.Env
	}
	if o.HTTP2 {
		words += " http2"
	}
	return words
}

// Words says what the route does: "POST /checkout* to serverless".
func (r Route) Words() string {
	words := fmt.Sprintf("%s to %s", r.Path, r.To)
	if len(r.Methods) > 0 {
		words = strings.Join(r.Methods, ",") + " " + words
	}
	if r.Wait > 0 {
		words += " wait " + r.Wait.String()
	}
	if r.FoundBy != nil {
		words += " found by " + r.FoundBy.Words()
	}
	if r.Repeat != "" {
		words += " repeat " + string(r.Repeat)
	}
	if len(r.FallBackOn) > 0 {
		words += fmt.Sprintf(" fall back on %v", r.FallBackOn)
	}
	return words
}

type noteFunc func(subject, name, before, after string)

func diffRoutes(old, new []Route, note noteFunc) {
	before, after := make(map[string]string), make(map[string]string)
	var kept, keptNow []string // the names in both, in the order of each
	for _, r := range old {
		before[r.Name] = r.Words()
	}
	for _, r := range new {
		after[r.Name] = r.Words()
		note("route", "route "+r.Name, before[r.Name], after[r.Name])
		if before[r.Name] != "" {
			keptNow = append(keptNow, r.Name)
		}
	}
	for _, r := range old {
		if after[r.Name] == "" {
			note("route", "route "+r.Name, before[r.Name], "")
		} else {
			kept = append(kept, r.Name)
		}
	}
	if !slices.Equal(kept, keptNow) {
		note("route", "order of routes", strings.Join(kept, ", "), strings.Join(keptNow, ", "))
	}
}

// diffProducts walks two lists that are sorted by slug.
func diffProducts(old, new []Product, note noteFunc) {
	words := func(p Product) string {
		if p.Stock != nil {
			return fmt.Sprintf("%s stock %d", p.Words(), *p.Stock)
		}
		return p.Words()
	}
	for len(old) > 0 || len(new) > 0 {
		switch {
		case len(new) == 0 || len(old) > 0 && old[0].Slug < new[0].Slug:
			note("product", old[0].Slug, words(old[0]), "")
			old = old[1:]
		case len(old) == 0 || new[0].Slug < old[0].Slug:
			note("product", new[0].Slug, "", words(new[0]))
			new = new[1:]
		default:
			note("product", new[0].Slug, words(old[0]), words(new[0]))
			old, new = old[1:], new[1:]
		}
	}
}
