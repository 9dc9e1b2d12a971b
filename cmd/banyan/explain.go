package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

type explainCommand struct {
	URL     string     `arg:"" help:"An address of the storefront, or a path."`
	Method  string     `short:"X" help:"The request's method." default:"GET"`
	Cookie  string     `help:"The Cookie header, or the banyan_visitor value alone." placeholder:"TEXT"`
	At      *time.Time `help:"Decide as at this time (default: now)." placeholder:"TIME"`
	Address string     `help:"The shopper's address, from which the visitor is derived where there is no cookie." default:"127.0.0.1"`
	Agent   string     `help:"The shopper's User-Agent, likewise."`
}

// Run asks the table in force for one decision and shows each step.
func (c explainCommand) Run(place Place, term terminal) error {
	path, err := rawPath(c.URL)
	if err != nil {
		return err
	}
	if c.Address != "" && net.ParseIP(c.Address) == nil {
		return badUsage(fmt.Sprintf("--address %q is not an address", c.Address), "write it as 192.0.2.7 or 2001:db8::7, without a port")
	}
	table, err := place.table(term)
	if err != nil {
		return err
	}
	at := time.Now()
	if c.At != nil {
		at = *c.At
	}
	e := table.Explain(route.Request{
		Method: strings.ToUpper(c.Method), Path: path,
		Visitor: visitorIn(c.Cookie), Address: c.Address, UserAgent: c.Agent, Now: at,
	})
	if place.JSON {
		return printJSON(term.Out, e)
	}
	return showExplanation(term.Out, e)
}

// showExplanation writes the answer first, then how it was come by.
func showExplanation(w io.Writer, e route.Explanation) error {
	fmt.Fprintf(w, "%s %s → %s\n%s", e.Method, e.Path, e.Arm, e.Sentence)
	if e.Rule != "" {
		fmt.Fprintf(w, " (%s)", e.Rule)
	}
	fmt.Fprintf(w, "\n\n")
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, step := range e.Steps {
		fmt.Fprintf(tw, "  %s\t%s\n", step.Asked, step.Said)
	}
	fmt.Fprintf(tw, "  epoch\t%d\n", e.Epoch)
	return tw.Flush()
}

// rawPath takes the path out of a URL as it would stand on the request line,
// not decoded and not cleaned: how it is written is what is decided on.
func rawPath(address string) (string, error) {
	path := address
	if _, rest, found := strings.Cut(address, "://"); found {
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			rest, slash = rest+"/", len(rest)
		}
		path = rest[slash:]
	}
	path, _, _ = strings.Cut(path, "#")
	path, _, _ = strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") {
		return "", badUsage(fmt.Sprintf("%q is not a URL or a path", address), "write https://shop.example.com/shop/rods or /shop/rods")
	}
	return path, nil
}

// visitorIn finds the visitor in a Cookie header; a text without "=" is the
// visitor itself.
func visitorIn(cookie string) string {
	if !strings.Contains(cookie, "=") {
		return cookie
	}
	for part := range strings.SplitSeq(cookie, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name == route.VisitorCookie {
			if decoded, err := url.QueryUnescape(value); err == nil {
				return decoded
			}
			return value
		}
	}
	return ""
}
