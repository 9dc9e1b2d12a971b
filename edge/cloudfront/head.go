package cloudfront

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// TableKey is the key of the item that the function reads first. A publisher
// that needs more than one call puts it last, for it tells the function where
// the other items are; and first where it says mode all-legacy.
const TableKey = "table"

// head is the value of TableKey. Its arrays have no keys because the function
// reads them on every request.
type head struct {
	Epoch    string   `json:"epoch"` // text: a number of JavaScript ends at 2^53
	Mode     string   `json:"mode,omitempty"`
	Legacy   string   `json:"legacy,omitempty"`     // the Host header for an origin, where
	Server   string   `json:"serverless,omitempty"` // it is not the viewer's
	FallBack []int    `json:"fallback,omitempty"`   // statuses at which legacy is asked instead
	Shards   int      `json:"shards"`               // 0: there are no products
	Paths    [][]any  `json:"paths"`
	Routes   [][]any  `json:"routes"`          // the first of them
	Pages    []string `json:"pages,omitempty"` // the keys of the rest
}

// fallBackOn are the statuses by which CloudFront says that an origin refused
// the connection (503), did not answer in time (504), or is itself a gateway to
// what failed (502); the same that edge/proxy takes for a failure.
var fallBackOn = []int{502, 503, 504}

// failoverStatuses are those that CloudFront takes for an origin group.
var failoverStatuses = []int{400, 403, 404, 416, 429, 500, 502, 503, 504}

// newHead returns the table's head, and pages for the routes that it has no
// room for.
func newHead(table *route.Table, o Options) (*head, []Item, error) {
	cfg := table.Config()
	h := &head{
		Epoch: strconv.FormatUint(table.Epoch(), 10), Mode: cfg.Mode,
		Legacy: hostHeader(cfg.Origins.Legacy), Server: cmp.Or(o.ServerlessHost, hostHeader(cfg.Origins.Serverless)),
		Shards: shardsFor(len(table.Products())), Paths: [][]any{}, Routes: [][]any{},
	}
	if !o.NoFallBack {
		h.FallBack = fallBackOn
	}
	for _, path := range cfg.Products.Paths {
		h.Paths = append(h.Paths, pathForm(path))
	}
	pages, err := h.addRoutes(cfg.Routes)
	return h, pages, err
}

// addRoutes puts routes into the head while they fit, and the rest into pages.
// A page's key is the hash of what it holds, so that head and pages can never
// be of two tables: where one is missing, the request is legacy's.
func (h *head) addRoutes(routes []route.Route) (pages []Item, err error) {
	var forms [][]any
	for _, r := range routes {
		form, err := routeForm(r)
		if err != nil {
			return nil, err
		}
		forms = append(forms, form)
	}
	for n := len(forms); n >= 0; n-- {
		h.Routes, h.Pages = append([][]any{}, forms[:n]...), nil
		pages = routePages(forms[n:])
		for _, p := range pages {
			h.Pages = append(h.Pages, p.Key)
		}
		if len(compact(h)) <= ValueBytes {
			break
		}
	}
	return pages, nil
}

// routePages writes routes into as few values as they fit in, in order.
func routePages(forms [][]any) (pages []Item) {
	for len(forms) > 0 {
		n, size := 0, len("[]")
		for n < len(forms) {
			more := len(compact(forms[n])) + len(",")
			if n > 0 && size+more > ValueBytes {
				break
			}
			n, size = n+1, size+more
		}
		value := compact(forms[:n])
		sum := sha256.Sum256(value)
		pages = append(pages, Item{"routes." + hex.EncodeToString(sum[:6]), string(value)})
		forms = forms[n:]
	}
	return pages
}

// item returns the head as an item.
func (h *head) item() (Item, error) {
	value := compact(h)
	if len(value) > ValueBytes {
		return Item{}, fmt.Errorf("the mode, hosts, %d product paths and %d pages of routes take %d bytes where an item takes %d: %w",
			len(h.Paths), len(h.Pages), len(value), ValueBytes, ErrLimit)
	}
	return Item{TableKey, string(value)}, nil
}

// routeForm returns a route as the function reads it: pattern, 1 for the
// serverless arm, methods, further statuses to fall back on. What is empty at
// the end is left out.
func routeForm(r route.Route) ([]any, error) {
	arm := 0
	if r.To == route.ToServerless {
		arm = 1
	}
	form := []any{withSlash(r.Path), arm}
	if len(r.Methods) > 0 {
		form = append(form, r.Methods)
	}
	var further []int
	for _, status := range r.FallBackOn {
		switch {
		case !slices.Contains(failoverStatuses, status):
			return nil, fmt.Errorf("route %s falls back on %d, and CloudFront can only on %s: %w", r.Name, status, words(failoverStatuses), ErrLimit)
		case !slices.Contains(fallBackOn, status) && !slices.Contains(further, status):
			further = append(further, status)
		}
	}
	if further != nil && len(form) == 2 {
		form = append(form, 0)
	}
	if further != nil {
		form = append(form, further)
	}
	return form, nil
}

func words(numbers []int) string { return strings.Trim(fmt.Sprint(numbers), "[]") }

// pathForm returns a product path as the function reads it: a literal segment
// as it is, 0 for a {named} one, 1 for {product}, and "*" at the end for
// everything below.
func pathForm(path string) (form []any) {
	for segment := range strings.SplitSeq(path[1:], "/") {
		switch {
		case segment == "{product}":
			form = append(form, 1)
		case strings.HasPrefix(segment, "{"):
			form = append(form, 0)
		default:
			form = append(form, segment)
		}
	}
	return form
}

// hostHeader returns the Host that an origin is to get, or "" where that is the
// viewer's.
func hostHeader(o route.Origin) string {
	switch o.Host {
	case route.HostPreserve:
		return ""
	case route.HostOrigin:
		if u := o.Address(); u != nil {
			return withoutDefaultPort(u)
		}
		return ""
	}
	return o.Host
}

func withoutDefaultPort(u *url.URL) string {
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		return u.Hostname()
	}
	return u.Host
}
