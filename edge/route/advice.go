package route

import (
	"fmt"
	"slices"
	"strings"
)

// Advice finds what is allowed and probably not meant: patterns that match more
// than their author had in mind, products that no request can reach, more
// routes than CloudFront takes. All are warnings. They are not among Compile's
// findings because some take as long as the catalogue is large; "banyan check"
// asks for them.
func (t *Table) Advice() Findings {
	a := adviser{compiler: compiler{cfg: t.cfg, table: t}, rules: t.rules()}
	for i, r := range a.rules {
		a.loose(r, a.rules[:i])
		a.otherCase(r, a.rules[:i])
	}
	a.unreachable(a.shadowed())
	a.behaviors()
	return a.findings.sorted()
}

// adviser collects advice on a table.
type adviser struct {
	compiler
	rules []rule
}

// warn keeps a warning about a rule's path.
func (a *adviser) warn(r rule, hint, format string, args ...any) {
	a.add(r.path, Finding{Severity: Warning, Text: r.Path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// loose warns of a star right behind a word: /checkout* takes /checkout-other
// as well. Where the word is a product's slug, the products are asked for one
// that is taken by accident; where it is only the beginning of slugs, that is
// what was meant.
func (a *adviser) loose(r rule, earlier []rule) {
	base, star := strings.CutSuffix(r.pattern.text, "*")
	if !star || r.pattern.shape != oneStar || !isAlphanumeric(base[len(base)-1]) {
		return
	}
	hint := fmt.Sprintf("if only %s and what is below it is meant, write two routes: %s and %s/*", base, base, base)
	matched := func(path string) bool {
		return slices.ContainsFunc(earlier, func(e rule) bool { return e.pattern.match(path) && e.coversMethods(r) })
	}
	switch slug, others := a.slugsFrom(base, matched); {
	case slug && len(others) > 0:
		a.warn(r, hint, "this is meant for one product, and matches %s too%s", base[:strings.LastIndexByte(base, '/')+1]+others[0], andMore(len(others)-1))
		return
	case !slug && len(others) > 0:
		return
	}
	example := base + "-other"
	if matched(example) {
		below := pattern{text: base + "/*"}
		forms := []form{below.form()}
		for _, e := range earlier {
			if e.coversMethods(r) {
				forms = append(forms, e.form)
			}
		}
		word := append((&pattern{text: base}).form(), element{kind: oneInSegment}, element{kind: anyRun})
		if example, _ = apart(word, forms); example == "" {
			return
		}
	}
	a.warn(r, hint, "this matches %s too", example)
}

// coversMethods reports whether every method of the other rule is this one's.
func (r rule) coversMethods(other rule) bool {
	if len(r.Methods) == 0 {
		return true
	}
	return len(other.Methods) > 0 && !slices.ContainsFunc(other.Methods, func(m string) bool { return !r.takes(m) })
}

// slugsFrom looks at a path whose last segment is where a product path has the
// slug: it reports whether that segment is a product's slug, and which other
// slugs begin with it and are not matched by what is before.
func (a *adviser) slugsFrom(path string, matched func(string) bool) (slug bool, others []string) {
	cut := strings.LastIndexByte(path, '/') + 1
	word := path[cut:]
	if !slices.ContainsFunc(a.table.templates, func(t template) bool { return t.product == len(t.segments)-1 && !t.below && t.match(path) != "" }) {
		return false, nil
	}
	products := a.table.products
	first, _ := slices.BinarySearchFunc(products, word, func(p Product, word string) int { return strings.Compare(p.Slug, word) })
	for _, p := range products[first:] {
		if !strings.HasPrefix(p.Slug, word) {
			break
		}
		switch {
		case p.Slug == word:
			slug = true
		case !matched(path[:cut] + p.Slug):
			others = append(others, p.Slug)
		}
	}
	return slug, others
}

func andMore(n int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return ", and 1 more product"
	}
	return fmt.Sprintf(", and %d more products", n)
}

// otherCase warns of two patterns that differ in case alone: both CloudFront
// and the table take them for two.
func (a *adviser) otherCase(r rule, earlier []rule) {
	for _, e := range earlier {
		if e.pattern.text != r.pattern.text && strings.EqualFold(e.pattern.text, r.pattern.text) {
			a.warn(r, "write the path as the shop's links have it", "this differs from %s in case alone, and paths are told apart by case", e.at())
		}
	}
}

// behaviorQuota is how many cache behaviours a CloudFront distribution takes by
// default, the one for everything else among them (Quotas on distributions;
// 25 in older accounts, 5 to 100 in the flat-rate plans).
const behaviorQuota = 75

// behaviors warns where the paths of routes and products are more than a
// distribution takes.
func (a *adviser) behaviors() {
	seen := map[string]bool{"/*": true} // the behaviour for everything else
	paths := len(a.table.templates) + 1
	for _, r := range a.rules {
		if !seen[r.pattern.text] {
			seen[r.pattern.text] = true
			paths++
		}
	}
	if paths <= behaviorQuota {
		return
	}
	left := behaviorQuota - len(a.table.templates) - 1
	clear(seen)
	seen["/*"] = true
	for _, r := range a.rules {
		if seen[r.pattern.text] {
			continue
		}
		if seen[r.pattern.text] = true; left <= 0 {
			a.warn(r, "join paths with *, or have the quota raised", "CloudFront takes %d cache behaviours a distribution, and these paths need %d: from here on it would take none", behaviorQuota, paths)
			return
		}
		left--
	}
}
