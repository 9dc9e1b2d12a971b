package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

type listingsCommand struct {
	List    listingsListCommand    `cmd:"" default:"withargs" help:"List what sellers offered, newest first."`
	Show    listingsShowCommand    `cmd:"" help:"Show one listing and what became of it."`
	Ledger  listingsLedgerCommand  `cmd:"" help:"Count the listings: accepted = written + waiting + dead."`
	Redrive listingsRedriveCommand `cmd:"" help:"Have listings that legacy refused wait again, once what it refused is mended."`
}

type listingsListCommand struct {
	State string `help:"Only listings in this state: accepted, written, or dead." placeholder:"STATE"`
	Limit int    `help:"How many." default:"20"`
}

type listingsShowCommand struct {
	ID string `arg:"" help:"The listing's id."`
}

type listingsLedgerCommand struct{}

type listingsRedriveCommand struct {
	ID  string `arg:"" optional:"" help:"The listing's id."`
	All bool   `help:"All that legacy refused."`
}

// listings opens the data folder's listings to look at them.
func (p Place) listings() (*local.Reader, error) {
	r, err := local.OpenReadOnly(p.file(intakeName))
	if err != nil {
		return nil, withHint(err, `listings are kept by "banyan up"; name its folder with --data`)
	}
	return r, nil
}

// Run lists listings. Personal data stays out of the list.
func (c listingsListCommand) Run(ctx context.Context, place Place, term terminal) error {
	filter := intake.Filter{Limit: c.Limit, Dead: c.State == "dead"}
	if c.State != "" && !filter.Dead {
		state, err := order.ParseState(c.State)
		if err != nil || state > order.Written {
			return badUsage(fmt.Sprintf("%q is no state of a listing", c.State), "choose accepted, written or dead")
		}
		filter.State = &state
	}
	r, err := place.listings()
	if err != nil {
		return err
	}
	defer r.Close()
	records, err := r.Listings().List(ctx, filter)
	if err != nil {
		return err
	}
	if place.JSON {
		if records == nil {
			records = []listing.Record{}
		}
		return printJSON(term.Out, records)
	}
	rows := make([][]any, len(records))
	for i, l := range records {
		rows[i] = []any{l.ID, listingState(l), when(l.AcceptedAt), when(l.WrittenAt), l.Price, len(l.Pictures), l.Attempts}
	}
	return printTable(term.Out, []any{"LISTING", "STATE", "ACCEPTED", "WRITTEN", "PRICE", "PICTURES", "ATTEMPTS"}, rows)
}

// Run shows one listing.
func (c listingsShowCommand) Run(ctx context.Context, place Place, term terminal) error {
	r, err := place.listings()
	if err != nil {
		return err
	}
	defer r.Close()
	l, err := r.Listings().Find(ctx, c.ID)
	if errors.Is(err, order.ErrNotFound) {
		return withHint(fmt.Errorf("there is no listing %s", c.ID), `"banyan listings" lists the newest`)
	}
	if err != nil {
		return err
	}
	if place.JSON {
		return printJSON(term.Out, l)
	}
	fmt.Fprintf(term.Out, "listing   %s\nstate     %s\n", l.ID, listingState(l))
	if l.Cause != "" {
		fmt.Fprintf(term.Out, "cause     %s\n", l.Cause)
	}
	fmt.Fprintf(term.Out, "accepted  %s\n", l.AcceptedAt.UTC().Format(time.RFC3339Nano))
	if !l.WrittenAt.IsZero() {
		fmt.Fprintf(term.Out, "written   %s (after %s)\n", l.WrittenAt.UTC().Format(time.RFC3339Nano), l.WrittenAt.Sub(l.AcceptedAt).Round(time.Millisecond))
	}
	fmt.Fprintf(term.Out, "attempts  %d\nseller    %s <%s>\ntitle     %s\nprice     %s\nshelf     %s, %s\n",
		l.Attempts, l.Seller.Name, l.Seller.Email, l.Title, l.Price, l.Category, l.Condition)
	for n, p := range l.Pictures {
		fmt.Fprintf(term.Out, "picture   %s, %d bytes of %s, at %s\n", p.Name, p.Bytes, p.Type, listing.PicturePath(l.ID, listing.PictureID(n)))
	}
	_, err = fmt.Fprintf(term.Out, "trace     %s\n", l.Trace)
	return err
}

// Run counts the listings; a ledger that does not balance is a problem found.
func (listingsLedgerCommand) Run(ctx context.Context, place Place, term terminal) error {
	r, err := place.listings()
	if err != nil {
		return err
	}
	defer r.Close()
	l, err := r.Listings().Ledger(ctx)
	if err != nil {
		return err
	}
	if place.JSON {
		err = printJSON(term.Out, l)
	} else {
		_, err = fmt.Fprintf(term.Out, "accepted  %d\nwritten   %d\nwaiting   %d\ndead      %d\n", l.Accepted, l.Written, l.Waiting, l.Dead)
	}
	if err == nil && !l.Balanced() {
		term.say("banyan: the ledger of listings does not balance")
		err = errProblems
	}
	return err
}

// Run has dead listings wait again.
func (c listingsRedriveCommand) Run(ctx context.Context, place Place, term terminal) error {
	if (c.ID == "") == !c.All {
		return badUsage("which listings?", "name one listing, or give --all")
	}
	if err := exists(place.file(intakeName)); err != nil {
		return err
	}
	s, err := local.Open(ctx, local.Options{Path: place.file(intakeName)})
	var locked *local.LockedError
	if errors.As(err, &locked) {
		return withHint(err, "stop it, redrive, and start it again: what it has in its queue stays there")
	}
	if err != nil {
		return err
	}
	n, err := s.Listings().Redrive(ctx, c.ID)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if n == 0 && c.ID != "" {
		return withHint(fmt.Errorf("listing %s is not dead", c.ID), `"banyan listings --state dead" lists those that are`)
	}
	if place.JSON {
		return printJSON(term.Out, map[string]int64{"redriven": n})
	}
	_, err = fmt.Fprintf(term.Out, "redriven  %d\n", n)
	return err
}

// listingState says dead for a listing that legacy refused.
func listingState(l listing.Record) string {
	if l.Dead() {
		return "dead"
	}
	return l.State.String()
}
