package cloudfront

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// Behavior is one cache behaviour of the distribution. Its target origin is
// OriginLegacy, whatever its arm: the function selects the serverless origin
// request by request, and where it fails the request is legacy's.
//
// A behaviour decides nothing. CloudFront matches patterns on its own reading
// of a path, the function on the table's, so that a request may be answered by
// either arm at every behaviour; Arm is what it is there for, and tells how to
// cache.
type Behavior struct {
	PathPattern string   `json:"path_pattern"`       // as CloudFront takes it; "*" is the default behaviour
	Arm         Arm      `json:"arm"`                // which arm answers there
	Routes      []string `json:"routes,omitempty"`   // the names of the routes it stands for, in order
	Products    bool     `json:"products,omitempty"` // products are shown there
	Methods     []string `json:"methods"`            // those it must allow
}

// Arm is which arm answers at a behaviour.
type Arm string

// The arms of a behaviour.
const (
	LegacyArm     Arm = "legacy"
	ServerlessArm Arm = "serverless"
	EitherArm     Arm = "either" // by method, product, schedule or share
)

// Methods are those that CloudFront can allow: these, or only reads. Every
// behaviour allows them all, because what a route does not take falls through
// to legacy rather than being refused.
var Methods = []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}

// behaviors returns the cache behaviours of a configuration: one for each path
// of a route, one for each form of product path, and the default.
func behaviors(cfg *route.Config, quota int) ([]Behavior, error) {
	if quota <= 0 {
		quota = BehaviorQuota
	}
	list, rest := []Behavior{}, Behavior{PathPattern: "*", Arm: LegacyArm, Methods: Methods}
	for _, r := range cfg.Routes {
		pattern := withSlash(r.Path)
		if pattern == "/*" {
			rest.Routes, rest.Arm = append(rest.Routes, r.Name), EitherArm
			continue
		}
		// A route for every path has its behaviour at the end, but the methods
		// it is for are taken from every route after it.
		list = addRoute(list, r, pattern, len(r.Methods) > 0 || rest.Arm == EitherArm)
	}
	routed := len(list)
	for _, template := range cfg.Products.Paths {
		list = addProducts(list, template)
	}
	list = append(list, rest)
	if len(list) > quota {
		return nil, fmt.Errorf("%d cache behaviours (%d paths of routes, %d of products, the default) where the quota is %d: %w",
			len(list), routed, len(list)-1-routed, quota, ErrLimit)
	}
	return list, nil
}

// addRoute adds a route's path, or the route to the behaviour that has its path.
// It is open where some of what has the path may go another way.
func addRoute(list []Behavior, r route.Route, pattern string, open bool) []Behavior {
	arm := LegacyArm
	switch {
	case open:
		arm = EitherArm
	case r.To == route.ToServerless:
		arm = ServerlessArm
	}
	for i := range list {
		if b := &list[i]; b.PathPattern == pattern {
			b.Routes = append(b.Routes, r.Name)
			return list
		}
	}
	return append(list, Behavior{PathPattern: pattern, Arm: arm, Routes: []string{r.Name}, Methods: Methods})
}

// addProducts adds a product path, unless a behaviour before it takes all that
// it would.
func addProducts(list []Behavior, template string) []Behavior {
	pattern := templatePattern(template)
	for i := range list {
		if b := &list[i]; covers(b.PathPattern, pattern) {
			b.Products = b.Products || b.Arm == EitherArm
			return list
		}
	}
	return append(list, Behavior{PathPattern: pattern, Arm: EitherArm, Products: true, Methods: Methods})
}

var (
	namedSegment = regexp.MustCompile(`\{[^/]*\}`)
	foreign      = regexp.MustCompile(`(?:%[0-9A-Fa-f]{2}|[^A-Za-z0-9_.$/~"'@:+&*-])+`)
	stars        = regexp.MustCompile(`\*{2,}`)
)

// templatePattern returns the path pattern that matches at least what the
// product path does. What a pattern cannot hold becomes a star: whether
// CloudFront would match %C3 as one character or as three is not said.
func templatePattern(template string) string {
	pattern := namedSegment.ReplaceAllString(template, "*")
	pattern = foreign.ReplaceAllString(pattern, "*")
	return stars.ReplaceAllString(pattern, "*")
}

// covers reports whether wide matches all that narrow matches, both of them
// patterns with stars only. It may miss some, but never claims too much: a star
// of narrow, taken as a character, is matched by a star of wide alone.
func covers(wide, narrow string) bool {
	pieces := strings.Split(wide, "*")
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(pieces) == 1 {
		return wide == narrow
	}
	if len(narrow) < len(first)+len(last) || !strings.HasPrefix(narrow, first) || !strings.HasSuffix(narrow, last) {
		return false
	}
	rest := narrow[len(first) : len(narrow)-len(last)]
	for _, piece := range pieces[1 : len(pieces)-1] {
		at := strings.Index(rest, piece)
		if at < 0 {
			return false
		}
		rest = rest[at+len(piece):]
	}
	return true
}

// withSlash returns a path pattern with its leading slash, which may be left
// out in a route.
func withSlash(pattern string) string {
	if strings.HasPrefix(pattern, "/") {
		return pattern
	}
	return "/" + pattern
}
