package route

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// The keys of banyan.yaml.
var (
	configKeys  = []string{"mode", "storefront", "origins", "products", "routes", "trusted_hops", "session_cookies", "edge", "legacy", "intake"}
	originsKeys = []string{"legacy", "serverless"}
	edgeKeys    = []string{"store"}
	originKeys  = []string{"url", "host", "secret", "http2"}
	secretKeys  = []string{"header", "file", "env"}
	productKeys = []string{"file", "paths"}
	routeKeys   = []string{"name", "path", "methods", "to", "wait", "found_by", "repeat", "fall_back_on"}
	lookupKeys  = []string{"sql", "request", "status"}
	repeats     = []string{string(RepeatNever), string(RepeatSafe)}
	targets     = []string{string(ToLegacy), string(ToServerless), string(ToQueue)}
)

// ReadConfig reads the text of banyan.yaml; name is what findings call the
// file. The Config is whole, with defaults, even where there are findings.
func ReadConfig(name string, src []byte) (*Config, Findings) {
	r := configReader{document{file: name}}
	cfg := &Config{
		File: name,
		Origins: Origins{
			Legacy:     Origin{Host: HostPreserve},
			Serverless: Origin{URL: Local, Host: HostOrigin},
		},
		Products: ProductPaths{File: "products.yaml"},
	}
	for _, f := range r.fields(r.parse(withoutMark(src)), "the file", configKeys) {
		r.section(cfg, f)
	}
	return cfg, r.findings.sorted()
}

// configReader reads the sections of banyan.yaml.
type configReader struct{ document }

func (r *configReader) section(cfg *Config, f field) {
	switch f.name {
	case "mode":
		r.mode(cfg, f.value)
	case "storefront":
		if text, ok := r.text(f.value, "storefront"); ok && r.address(f.value, text) {
			cfg.Storefront = text
		}
	case "origins":
		for _, f := range r.fields(f.value, "origins", originsKeys) {
			if f.name == "legacy" {
				r.origin(&cfg.Origins.Legacy, f)
			} else {
				r.origin(&cfg.Origins.Serverless, f)
			}
		}
	case "products":
		r.products(&cfg.Products, f.value)
	case "routes":
		for _, n := range r.items(f.value, "routes") {
			if route, ok := r.route(n); ok {
				cfg.Routes = append(cfg.Routes, route)
			}
		}
	case "trusted_hops":
		r.hops(cfg, f.value)
	case "session_cookies":
		r.cookies(cfg, f.value)
	case "edge":
		r.edge(&cfg.Edge, f.value)
	case "legacy":
		cfg.Legacy = f.value
	case "intake":
		cfg.Intake = f.value
	}
}

func (r *configReader) mode(cfg *Config, n ast.Node) {
	switch text, ok := r.text(n, "mode"); {
	case !ok:
	case text == ModeAllLegacy:
		cfg.Mode = text
	default:
		r.add(n, "write all-legacy, or leave the line out", "unknown mode")
	}
}

func (r *configReader) origin(o *Origin, f field) {
	for _, f := range r.fields(f.value, "origins."+f.name, originKeys) {
		if f.name == "secret" {
			r.secret(&o.Secret, f.value)
			continue
		}
		text, ok := r.text(f.value, f.name)
		switch {
		case !ok:
		case f.name == "host":
			if strings.ContainsAny(text, "/ \t\r\n@?#") {
				r.add(f.value, "write preserve, origin, or a name such as shop.example.com", "this is not a host name")
				continue
			}
			o.Host = text
		case f.name == "http2":
			o.HTTP2 = r.truth(f, text)
		case text == Local || r.address(f.value, text):
			o.URL = text
		}
	}
	if o.HTTP2 && strings.HasPrefix(strings.ToLower(o.URL), "http:") {
		r.add(f.value, "write an https address, or leave http2 out", "HTTP/2 is agreed on by TLS")
	}
}

// truth reads true or false.
func (r *configReader) truth(f field, text string) bool {
	if text != "true" && text != "false" {
		r.add(f.value, "write true, or leave the line out", "%s is true or false", f.name)
	}
	return text == "true"
}

// storeARN is the form of a key-value store's name.
var storeARN = regexp.MustCompile(`^arn:aws:cloudfront::\d{12}:key-value-store/[0-9A-Za-z-]+$`)

// IsStoreARN reports whether text can be the name of a key-value store of
// CloudFront.
func IsStoreARN(text string) bool { return storeARN.MatchString(text) }

func (r *configReader) edge(e *Edge, n ast.Node) {
	for _, f := range r.fields(n, "edge", edgeKeys) {
		text, ok := r.text(f.value, "edge.store")
		switch {
		case !ok:
		case !IsStoreARN(text):
			r.add(f.value, "write arn:aws:cloudfront::ACCOUNT:key-value-store/ID, as the edge's stack says in its outputs", "this is not the ARN of a key-value store")
		default:
			e.Store = text
		}
	}
}

// address reports whether text is an address that requests can be sent to.
func (r *configReader) address(n ast.Node, text string) bool {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		r.add(n, "write it like https://shop.example.com", "this is not an http address")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		r.add(n, "keep scheme, name, port and path", "an address holds no password, query or fragment")
	default:
		return true
	}
	return false
}

func (r *configReader) products(p *ProductPaths, n ast.Node) {
	for _, f := range r.fields(n, "products", productKeys) {
		if f.name == "file" {
			if text, ok := r.text(f.value, "products.file"); ok {
				p.File = path.Clean(text)
			}
			continue
		}
		for _, n := range r.items(f.value, "products.paths") {
			if text, ok := r.text(n, "a product path"); ok {
				p.Paths = append(p.Paths, text)
				p.places = append(p.places, r.place(n))
			}
		}
	}
}

func (r *configReader) hops(cfg *Config, n ast.Node) {
	for _, n := range r.items(n, "trusted_hops") {
		text, ok := r.text(n, "a trusted hop")
		if !ok {
			continue
		}
		if _, ok := parseHop(text); !ok {
			r.add(n, "write an address such as 10.0.0.7 or a network such as 10.0.0.0/8", "this is not an address or a network")
			continue
		}
		cfg.TrustedHops = append(cfg.TrustedHops, text)
	}
}

func (r *configReader) route(n ast.Node) (Route, bool) {
	before := len(r.findings)
	at := r.place(n)
	route := Route{Line: at.line, name: at, path: at, to: at}
	for _, f := range r.fields(n, "a route", routeKeys) {
		r.routeField(&route, f)
	}
	for _, missing := range []struct{ key, value string }{{"name", route.Name}, {"path", route.Path}, {"to", string(route.To)}} {
		if missing.value == "" && len(r.findings) == before {
			r.add(n, "write {name: checkout, path: /checkout*, to: serverless}", "the route has no %s", missing.key)
		}
	}
	return route, len(r.findings) == before
}

func (r *configReader) routeField(route *Route, f field) {
	switch f.name {
	case "methods":
		r.methods(route, f.value)
		return
	case "fall_back_on":
		r.fallBackOn(route, f.value)
		return
	case "found_by":
		r.lookup(route, f)
		return
	}
	text, ok := r.text(f.value, f.name)
	if !ok {
		return
	}
	switch f.name {
	case "name":
		route.Name, route.name = text, r.place(f.value)
	case "path":
		route.Path, route.path = text, r.place(f.value)
	case "to":
		if !slices.Contains(targets, text) {
			r.add(f.value, suggest(text, targets), "unknown target")
		}
		route.To, route.to = Target(text), r.place(f.value)
	case "wait":
		wait, err := time.ParseDuration(text)
		switch {
		case err != nil || wait <= 0:
			r.add(f.value, "write it like 3s or 500ms", "this is not a time to wait")
		case wait > MaxWait:
			r.add(f.value, "write 1m or less: browsers and load balancers give up about then", "this is too long to keep a shopper waiting")
		}
		route.Wait = wait
	case "repeat":
		if !slices.Contains(repeats, text) {
			r.add(f.value, suggest(text, repeats), "repeat is safe or never")
		}
		route.Repeat = Repeat(text)
	}
}

// methodLetters are what the methods of a shop are made of.
const methodLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func (r *configReader) methods(route *Route, n ast.Node) {
	for _, n := range r.items(n, "methods") {
		text, ok := r.text(n, "a method")
		switch {
		case !ok:
		case text == "" || strings.Trim(text, methodLetters) != "":
			r.add(n, "write it in capitals, like GET or POST", "this is not a method")
		default:
			route.Methods = append(route.Methods, text)
		}
	}
}

func (r *configReader) fallBackOn(route *Route, n ast.Node) {
	for _, n := range r.items(n, "fall_back_on") {
		text, ok := r.text(n, "a status")
		if !ok {
			continue
		}
		status, err := strconv.Atoi(text)
		if err != nil || status < http.StatusBadRequest || status > 599 {
			r.add(n, "write statuses such as 404 or 500", "a fall-back is on a status from 400 to 599")
			continue
		}
		route.FallBackOn = append(route.FallBackOn, status)
	}
}
