package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish/receipt"
	"github.com/banyan-edge/banyan/edge/route"
)

type receiptCommand struct {
	Product string     `arg:"" help:"The product's slug."`
	Arm     *route.Arm `help:"The arm to wait for: serverless or legacy (default: as the files say for this shopper and moment)." placeholder:"ARM"`
	receiptFlags
}

// receiptFlags say where and how to ask.
type receiptFlags struct {
	URL          string        `help:"The product's page (default: made of the storefront's address and products.paths, where they hold nothing else that varies)." name:"url" placeholder:"URL"`
	Timeout      time.Duration `help:"How long to ask." default:"60s"`
	InARow       int           `help:"How many answers of the new arm in a row it takes." default:"3"`
	Marker       string        `help:"A text on the page that only this arm shows, where x-banyan-arm is not revealed." placeholder:"TEXT"`
	MarkerHeader string        `help:"A header that only this arm sends, such as 'Server: sale'." placeholder:"NAME[: TEXT]"`
}

// Help says what can be seen from outside.
func (receiptCommand) Help() string {
	return "The arm is told by --marker or --marker-header, else by x-banyan-arm where it is revealed, else by apigw-requestid, which API Gateway sends. While a product is shared, it asks as a shopper who is within the share. It exits with 1 where the time is up, or nothing tells the arms apart."
}

// Run asks the storefront until it answers from the new arm.
func (c receiptCommand) Run(ctx context.Context, place Place, term terminal) error {
	table, err := place.table(term)
	if err != nil {
		return err
	}
	r, err := c.ask(ctx, place, table, c.Product, c.Arm)
	if r.Asked == 0 {
		return err
	}
	if place.JSON {
		if err := printJSON(term.Out, r); err != nil {
			return err
		}
	} else if err == nil {
		sayReceipt(term, r)
	}
	return err
}

func sayReceipt(term terminal, r receipt.Receipt) {
	fmt.Fprintf(term.Out, "receipt: %s answers from the %s arm, after %s (%d questions, told by %s)\n",
		r.URL, r.Arm, r.After.Round(time.Millisecond), r.Asked, r.Evidence)
}

// ask asks for a receipt. The wanted arm is the table's decision, unless another
// is named.
func (f receiptFlags) ask(ctx context.Context, place Place, table *route.Table, slug string, arm *route.Arm) (receipt.Receipt, error) {
	if f.Marker != "" && f.MarkerHeader != "" {
		return receipt.Receipt{}, badUsage("--marker and --marker-header are one too many", "name the one that only this arm shows")
	}
	address, err := f.page(ctx, place, table, slug)
	if err != nil {
		return receipt.Receipt{}, err
	}
	q := receipt.Question{URL: address, InARow: f.InARow, Marker: receipt.Marker{Text: f.Marker}}
	if name, text, _ := strings.Cut(f.MarkerHeader, ":"); name != "" {
		q.Marker = receipt.Marker{Header: strings.TrimSpace(name), Text: strings.TrimSpace(text)}
	}
	if err := expect(&q, table, slug); err != nil {
		return receipt.Receipt{}, err
	}
	if arm != nil {
		q.Arm = *arm
	}
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	r, err := receipt.Ask(ctx, q)
	return r, explainedReceipt(err, r, f.Timeout)
}

// expect fills in the shopper and the arm that the table decides on for them.
func expect(q *receipt.Question, table *route.Table, slug string) error {
	path, err := rawPath(q.URL)
	if err != nil {
		return err
	}
	p, known := table.Product(slug)
	if !known {
		return withHint(fmt.Errorf("there is no product %s", slug), "banyan products lists them")
	}
	if p.Arm == route.Serverless && p.Share != route.Everyone {
		if visitor, ok := receipt.VisitorIn(slug, p.Share); ok {
			q.Visitor = visitor
		}
	}
	d := table.Decide(route.Request{Method: "GET", Path: path, Visitor: q.Visitor, Now: time.Now()})
	if d.Reason != route.AllLegacy && d.Product != slug {
		return badUsage(fmt.Sprintf("%s is not a page of %s", q.URL, slug), "banyan explain says what the address is; name the product's page with --url")
	}
	q.Arm = d.Arm
	return nil
}

// page returns the address of the product's page.
func (f receiptFlags) page(ctx context.Context, place Place, table *route.Table, slug string) (string, error) {
	if strings.Contains(f.URL, "://") {
		return f.URL, nil
	}
	cfg := table.Config()
	storefront := cfg.Storefront
	if r, runs := place.running(ctx); runs {
		storefront = r.Storefront
	}
	if storefront == "" {
		return "", &failure{err: fmt.Errorf("%w: nothing says where the storefront is", errNoPage), code: exitUsage,
			hint: fmt.Sprintf("write storefront: https://… in %s, or give the product's whole address with --url", cfg.File)}
	}
	storefront = strings.TrimSuffix(storefront, "/")
	if f.URL != "" {
		return storefront + "/" + strings.TrimPrefix(f.URL, "/"), nil
	}
	for _, path := range cfg.Products.Paths {
		if page := strings.Replace(path, "{product}", slug, 1); !strings.ContainsAny(page, "{*") {
			return storefront + page, nil
		}
	}
	return "", &failure{err: fmt.Errorf("%w: products.paths hold more that varies", errNoPage), code: exitUsage,
		hint: fmt.Sprintf("give it with --url, such as --url %s/…/%s", storefront, slug)}
}

// errNoPage: nobody said at which address the product is shown.
var errNoPage = errors.New("the product's address is not known")

func explainedReceipt(err error, r receipt.Receipt, timeout time.Duration) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, receipt.ErrCannotTell):
		return withHint(err, "name something that only the %s arm shows with --marker or --marker-header, or have the arm revealed (--reveal-arm)", r.Arm)
	case errors.Is(err, receipt.ErrNotYet) && r.Failure != "":
		return withHint(fmt.Errorf("%w: %s", err, r.Failure), "is that the storefront's address?")
	case errors.Is(err, receipt.ErrNotYet):
		return withHint(fmt.Errorf("%w after %s: %d of %d answers were the other arm's", err, timeout, r.Others, r.Asked),
			"banyan plan shows whether it is published; banyan explain %s what the table says", r.URL)
	}
	return err
}
