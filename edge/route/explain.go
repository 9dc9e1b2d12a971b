package route

import (
	"fmt"
	"time"
)

// Explanation is a decision and how it came about.
type Explanation struct {
	Arm      Arm    `json:"arm"`
	Rule     string `json:"rule"`
	Reason   string `json:"reason"`
	Epoch    uint64 `json:"epoch"`
	Sentence string `json:"sentence"` // the reason in words

	Method    string    `json:"method"`
	Path      string    `json:"path"`                // raw
	Capture   bool      `json:"capture,omitempty"`   // it is kept and replayed to legacy
	Canonical string    `json:"canonical,omitempty"` // empty where the path is ambiguous or was not asked
	Product   string    `json:"product,omitempty"`
	Visitor   string    `json:"visitor,omitempty"`
	At        time.Time `json:"at"`
	Steps     []Step    `json:"steps"`
}

// Step is one question that was asked, and the answer.
type Step struct {
	Asked string `json:"asked"`
	Said  string `json:"said"`
}

// Explain returns what Decide returns, and the steps to it in their order.
func (t *Table) Explain(r Request) Explanation {
	d := t.Decide(r)
	e := Explanation{
		Arm: d.Arm, Rule: d.Rule, Reason: d.Reason.String(), Epoch: d.Epoch, Sentence: d.Reason.Sentence(),
		Method: r.Method, Path: r.Path, Capture: d.Capture, Product: d.Product, Visitor: d.Visitor, At: r.Now,
	}
	if d.Reason == AllLegacy {
		e.say("mode", "all-legacy: everything goes to legacy")
		return e
	}
	e.say("mode", "none; the table decides")
	path, why := Canonical(r.Path)
	if why != Clear {
		e.say("path", "ambiguous: %s; it goes to legacy untouched", why.Sentence())
		return e
	}
	e.Canonical = path
	e.say("path", "reads as %s", path)
	t.explainRoutes(&e, r.Method)
	if d.Reason == RouteMatched {
		t.explainCapture(&e, d)
		return e
	}
	t.explainProducts(&e, d, r)
	return e
}

func (e *Explanation) say(asked, format string, args ...any) {
	e.Steps = append(e.Steps, Step{asked, fmt.Sprintf(format, args...)})
}

func (t *Table) explainRoutes(e *Explanation, method string) {
	for i := range t.routes {
		route := &t.routes[i]
		asked := "route " + route.Name
		switch {
		case !route.pattern.match(e.Canonical):
			e.say(asked, "%s does not match the path", route.Path)
		case !route.takes(method):
			e.say(asked, "%s matches, but it is not for %s", route.Path, method)
		default:
			e.say(asked, "%s matches: %s", route.Path, route.To)
			return
		}
	}
}

// explainCapture says what a route to the queue does with the request.
func (t *Table) explainCapture(e *Explanation, d Decision) {
	route, _ := t.cfg.Route(d.Rule)
	switch {
	case route.To != ToQueue:
	case !d.Capture:
		e.say("capture", "no: %s only reads, and goes to legacy at once", e.Method)
	case d.Wait > 0:
		e.say("capture", "kept durably, then replayed to legacy; the shopper is held %v for its answer, then told 202", d.Wait)
	default:
		e.say("capture", "kept durably and told 202, then replayed to legacy")
	}
}

func (t *Table) explainProducts(e *Explanation, d Decision, r Request) {
	for i := range t.templates {
		template := &t.templates[i]
		asked := "products at " + template.text
		slug := template.match(e.Canonical)
		if slug == "" {
			e.say(asked, "the path is not of this form")
			continue
		}
		p, known := t.Product(slug)
		if !known {
			e.say(asked, "%s is not in %s", slug, t.cfg.Products.File)
			continue
		}
		e.say(asked, "%s is %s", slug, p.Words())
		t.explainProduct(e, d, p, r)
		return
	}
	e.say("otherwise", "legacy")
}

func (t *Table) explainProduct(e *Explanation, d Decision, p Product, r Request) {
	if !p.From.IsZero() || !p.Until.IsZero() {
		within := "within"
		if d.Reason == OutsideSchedule {
			within = "outside"
		}
		e.say("schedule", "%s is %s it", r.Now.UTC().Format(time.RFC3339), within)
	}
	if d.Visitor == "" {
		return
	}
	origin := "from the cookie"
	if d.NewVisitor {
		origin = "derived from address and user agent"
	}
	e.say("share", "visitor %s (%s) is in bucket %d; buckets below %d are serverless", d.Visitor, origin, Bucket(d.Visitor, p.Slug), p.Share)
}
