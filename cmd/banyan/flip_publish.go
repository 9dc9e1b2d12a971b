package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish/receipt"
	"github.com/banyan-edge/banyan/edge/route"
)

// publishFlags are what a flip takes to be published at once.
type publishFlags struct {
	Publish bool `help:"Publish it to the edge's key-value store at once, and ask for a receipt."`
	All     bool `help:"With --publish: take along what else waits to be published."`
	edgeStoreFlags
}

// othersShown bounds how many waiting changes a refusal names.
const othersShown = 5

// ready makes sure, before anything is flipped, that the flip can be published
// and that nothing else would be published with it. product is the one to be
// flipped, or "" for the mode.
func (f publishFlags) ready(ctx context.Context, place Place, term terminal, product string) error {
	if !f.Publish {
		return nil
	}
	d, err := f.draw(ctx, place, term, 0)
	if err != nil {
		return err
	}
	if err := d.plan.Refusal(false); err != nil {
		d.sayEdits(term)
		return explainedPublish(fmt.Errorf("nothing was changed: %w", err), 0)
	}
	if f.All || d.plan.Items() == 0 {
		return nil
	}
	others := d.others(product)
	if len(others) == 0 {
		return nil
	}
	return withHint(fmt.Errorf("nothing was changed: more than this waits to be published: %s", strings.Join(others, "; ")),
		"--all takes it along; banyan plan shows it, banyan publish publishes it")
}

// others returns in words what waits to be published beside a product.
func (d *draft) others(product string) (words []string) {
	if d.base == nil {
		return []string{d.plan.String()}
	}
	for _, difference := range d.differences() {
		own := difference.Subject == "product" && difference.Name == product || difference.Subject == "mode" && product == ""
		if own {
			continue
		}
		if len(words) == othersShown {
			return append(words, "…")
		}
		words = append(words, difference.String())
	}
	return words
}

// publish publishes what was flipped, and returns the table that it published.
func (f publishFlags) publish(ctx context.Context, place Place, term terminal, out *flipped, p publishing) (*route.Table, error) {
	d, err := f.draw(ctx, place, term, 0)
	if err != nil {
		return nil, err
	}
	if p.Overwrite {
		d.sayEdits(term)
	}
	done, err := d.publish(ctx, p)
	out.Published = &done
	if err != nil {
		return nil, err
	}
	d.sayDeploy(term)
	if !place.JSON {
		done.line(term)
	}
	return d.table, nil
}

// receipt asks for the receipt of a flip. Where the product's address is not
// known there is none, and that is no failure.
func (f receiptFlags) receipt(ctx context.Context, place Place, term terminal, table *route.Table, slug string) (*receipt.Receipt, error) {
	r, err := f.ask(ctx, place, table, slug, nil)
	if errors.Is(err, errNoPage) {
		term.say("no receipt: %s; banyan receipt %s --url …", err, slug)
		return nil, nil
	}
	if r.Asked == 0 {
		return nil, err
	}
	if err == nil && !place.JSON {
		sayReceipt(term, r)
	}
	return &r, err
}
