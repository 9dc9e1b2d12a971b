package route

import (
	"fmt"
	"slices"
	"strings"
)

// lint finds rules that are each right and together are not: one that can never
// match, two that overlap and neither is the narrower, products that no path
// shows. What is allowed and only looks unmeant is Advice's.
func (c *compiler) lint() {
	rules := c.table.rules()
	for i, later := range rules {
		if c.lintHidden(later, rules[:i]) {
			continue
		}
		for _, earlier := range rules[:i] {
			c.lintOverlap(earlier, later)
		}
	}
	c.lintTemplates(rules)
	if len(c.table.products) > 0 && len(c.cfg.Products.Paths) == 0 {
		c.add(place{}, Finding{Severity: Warning, Text: c.cfg.Products.File, Message: "there are products, but no path shows one",
			Hint: `say where they are shown: products: {paths: ["/shop/{category}/{product}"]}`})
	}
}

// rule is a route with its form.
type rule struct {
	*compiledRoute
	form form
}

func (t *Table) rules() []rule {
	rules := make([]rule, len(t.routes))
	for i := range t.routes {
		r := &t.routes[i]
		rules[i] = rule{compiledRoute: r, form: r.pattern.form()}
	}
	return rules
}

// hide reports whether every path that the form matches is matched by one or
// another of the rules.
func hide(f form, rules []rule) bool {
	forms := make([]form, len(rules))
	for i, r := range rules {
		forms[i] = r.form
	}
	path, known := apart(f, forms)
	return known && path == ""
}

// lintHidden reports whether earlier rules leave nothing to the later one, and
// says so. Each method may be hidden by others, and by several together.
func (c *compiler) lintHidden(later rule, earlier []rule) bool {
	overlapping := slices.DeleteFunc(slices.Clone(earlier), func(r rule) bool { return common(later.form, r.form) == "" })
	methods := later.Methods
	if len(methods) == 0 {
		methods = []string{""} // any other method: only a rule for all takes it
	}
	var hiders []string
	for _, method := range methods {
		covers := coverOf(later.form, overlapping, method)
		if covers == nil {
			return false
		}
		for _, r := range covers {
			if name := r.at(); !slices.Contains(hiders, name) {
				hiders = append(hiders, name)
			}
		}
	}
	take := "takes"
	if len(hiders) > 1 {
		take = "take"
	}
	c.add(later.path, Finding{Text: later.Path,
		Message: fmt.Sprintf("route %s at line %d can never match: %s %s every such request first", later.Name, later.Line, strings.Join(hiders, " and "), take),
		Hint:    "first match wins: put the narrower route first, or remove it"})
	return true
}

// coverOf returns the rules for a method that together hide the form: one if
// one does, else as few as are needed. It is nil where they do not.
func coverOf(f form, rules []rule, method string) []rule {
	rules = slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return !r.takes(method) })
	for _, r := range rules {
		if hide(f, []rule{r}) {
			return []rule{r}
		}
	}
	if len(rules) < 2 || !hide(f, rules) {
		return nil
	}
	for i := len(rules) - 1; i >= 0; i-- {
		if fewer := slices.Delete(slices.Clone(rules), i, i+1); hide(f, fewer) {
			rules = fewer
		}
	}
	return rules
}

// at names the rule and its line.
func (r rule) at() string { return fmt.Sprintf("%s (%s) at line %d", r.Name, r.Path, r.Line) }

// lintOverlap warns of two rules that send some path to different places and
// neither of which is the narrower.
func (c *compiler) lintOverlap(earlier, later rule) {
	if earlier.sameOutcome(later) || !earlier.sharesMethod(later) {
		return
	}
	both := realExample(earlier.form, later.form, matchedByBoth)
	if both == "" {
		return
	}
	first := realExample(earlier.form, later.form, matchedByFirstAlone)
	second := realExample(later.form, earlier.form, matchedByFirstAlone)
	if first == "" || second == "" {
		return
	}
	c.add(later.path, Finding{Severity: Warning, Text: later.Path,
		Message: fmt.Sprintf("routes %s at line %d and %s at line %d both match %s, and neither is the narrower: %s alone matches %s, %s alone matches %s",
			earlier.Name, earlier.Line, later.Name, later.Line, both, earlier.Name, first, later.Name, second),
		Hint: fmt.Sprintf("first match wins, so %s goes to %s; if that is not meant, put a route for it before both", both, earlier.To)})
}

// sameOutcome reports whether it makes no difference which of the two wins.
func (r rule) sameOutcome(other rule) bool {
	return r.To == other.To && r.Wait == other.Wait && slices.Equal(r.FallBackOn, other.FallBackOn) &&
		r.FoundBy.Words() == other.FoundBy.Words() && r.Repeat == other.Repeat
}

// sharesMethod reports whether some method is taken by both.
func (r rule) sharesMethod(other rule) bool {
	if len(r.Methods) == 0 || len(other.Methods) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Methods, other.takes)
}

// lintTemplates finds product paths that routes or other product paths hide.
func (c *compiler) lintTemplates(rules []rule) {
	everyMethod := slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return len(r.Methods) > 0 })
	for i := range c.table.templates {
		t := &c.table.templates[i]
		at := c.templatePlace(t.text)
		f := t.form()
		for _, r := range everyMethod {
			if hide(f, []rule{r}) {
				c.add(at, Finding{Text: t.text, Message: fmt.Sprintf("products at this path can never be flipped: route %s takes every such request first", r.at()),
					Hint: "narrow the route, or remove the product path"})
			}
		}
		for j := range c.table.templates[:i] {
			if other := &c.table.templates[j]; other.product == t.product && hide(f, []rule{{form: other.form()}}) {
				c.add(at, Finding{Text: t.text, Message: "this product path can never match: " + other.text + " is before it", Hint: "remove one of the two"})
			}
		}
	}
}

// templatePlace returns where in banyan.yaml the template stands; a second copy
// stands at its last place.
func (c *compiler) templatePlace(text string) (at place) {
	for i, place := range c.cfg.Products.places {
		if c.cfg.Products.Paths[i] == text {
			at = place
		}
	}
	return at
}
