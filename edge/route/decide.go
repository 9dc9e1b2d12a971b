package route

import (
	"net/http"
	"slices"
)

// Decide says which arm answers a request, and why. It allocates nothing but
// what the answer itself holds: a decoded path's copy, a derived visitor.
func (t *Table) Decide(r Request) Decision {
	if t.cfg.Mode == ModeAllLegacy {
		return Decision{Reason: AllLegacy, Epoch: t.epoch}
	}
	path, why := Canonical(r.Path)
	if why != Clear {
		return Decision{Reason: AmbiguousPath, Epoch: t.epoch}
	}
	if i := t.matchRoute(r.Method, path); i >= 0 {
		route := &t.routes[i]
		d := Decision{Arm: route.arm, Reason: RouteMatched, Rule: route.Name, Epoch: t.epoch, FallBackOn: route.FallBackOn}
		if route.captures(r.Method) {
			d.Capture, d.Wait = true, route.Wait
		}
		return d
	}
	if p := t.matchProduct(path); p != nil {
		return t.decideProduct(p, r)
	}
	return Decision{Reason: NoRule, Epoch: t.epoch}
}

// matchRoute returns the index of the first route that matches, or -1.
func (t *Table) matchRoute(method, path string) int {
	for i := range t.routes {
		if route := &t.routes[i]; route.pattern.match(path) && route.takes(method) {
			return i
		}
	}
	return -1
}

// takes reports whether the route is for this method.
func (r *Route) takes(method string) bool {
	return len(r.Methods) == 0 || slices.Contains(r.Methods, method)
}

// captures reports whether a request that matched is kept and replayed. Only
// what may write is: a read that waited in a queue would be of no use to anyone.
func (r *Route) captures(method string) bool { return r.To == ToQueue && mayWrite(method) }

// mayWrite reports whether a request by this method may change something.
func mayWrite(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// matchProduct returns the product that is shown at path, or nil.
func (t *Table) matchProduct(path string) *Product {
	for i := range t.templates {
		slug := t.templates[i].match(path)
		if slug == "" {
			continue
		}
		if p := t.index.find(slug, t.products); p != nil {
			return p
		}
	}
	return nil
}

// decideProduct asks the product's arm, schedule and share.
func (t *Table) decideProduct(p *Product, r Request) Decision {
	d := Decision{Reason: ProductArm, Rule: p.Slug, Product: p.Slug, Epoch: t.epoch}
	switch {
	case p.Arm == Legacy:
		return d
	case !p.Active(r.Now):
		d.Reason = OutsideSchedule
		return d
	case p.Share >= Everyone:
		d.Arm = Serverless
		return d
	}
	d.Visitor, d.NewVisitor = r.visitor()
	d.Reason = OutsideShare
	if Bucket(d.Visitor, p.Slug) < int(p.Share) {
		d.Arm, d.Reason = Serverless, InsideShare
	}
	return d
}

// visitor returns the visitor that asks, and whether it was derived.
func (r *Request) visitor() (visitor string, derived bool) {
	if ValidVisitor(r.Visitor) {
		return r.Visitor, false
	}
	return DeriveVisitor(r.Address, r.UserAgent), true
}
