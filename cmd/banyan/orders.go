package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

type ordersCommand struct {
	Store storeFlags `embed:"" group:"On AWS:"`

	List ordersListCommand `cmd:"" default:"withargs" help:"List orders, newest first."`
	Show ordersShowCommand `cmd:"" help:"Show one order and what became of it."`
}

type ordersListCommand struct {
	State string `help:"Only orders in this state: accepted, written, rejected, cancelled, or dead." placeholder:"STATE"`
	Limit int    `help:"How many." default:"20"`
}

type ordersShowCommand struct {
	ID string `arg:"" help:"The order's id."`
}

// Run lists orders. Personal data stays out of the list.
func (c ordersListCommand) Run(ctx context.Context, place Place, term terminal) error {
	filter := intake.Filter{Limit: c.Limit}
	if c.State == "dead" {
		filter.Dead = true
	} else if c.State != "" {
		state, err := order.ParseState(c.State)
		if err != nil {
			return badUsage(err.Error(), "choose accepted, written, rejected, cancelled or dead")
		}
		filter.State = &state
	}
	book, err := place.orders(ctx)
	if err != nil {
		return err
	}
	defer book.Close()
	records, err := book.List(ctx, filter)
	if err != nil {
		return err
	}
	if place.JSON {
		if records == nil {
			records = []order.Record{}
		}
		return printJSON(term.Out, records)
	}
	rows := make([][]any, len(records))
	for i, r := range records {
		rows[i] = []any{r.ID, stateWord(r), when(r.AcceptedAt), when(r.WrittenAt), r.Total, len(r.Lines), r.Attempts}
	}
	return printTable(term.Out, []any{"ORDER", "STATE", "ACCEPTED", "WRITTEN", "TOTAL", "LINES", "ATTEMPTS"}, rows)
}

// Run shows one order.
func (c ordersShowCommand) Run(ctx context.Context, place Place, term terminal) error {
	book, err := place.orders(ctx)
	if err != nil {
		return err
	}
	defer book.Close()
	r, err := book.Find(ctx, c.ID)
	if errors.Is(err, order.ErrNotFound) {
		return withHint(fmt.Errorf("there is no order %s", c.ID), `"banyan orders" lists the newest`)
	}
	if err != nil {
		return err
	}
	if place.JSON {
		return printJSON(term.Out, r)
	}
	showOrder(term.Out, r)
	return nil
}

func showOrder(w io.Writer, r order.Record) {
	fmt.Fprintf(w, "order     %s\nstate     %s\n", r.ID, stateWord(r))
	if r.Cause != "" {
		fmt.Fprintf(w, "cause     %s\n", r.Cause)
	}
	fmt.Fprintf(w, "accepted  %s\n", r.AcceptedAt.UTC().Format(time.RFC3339Nano))
	if !r.WrittenAt.IsZero() {
		fmt.Fprintf(w, "written   %s (after %s)\n", r.WrittenAt.UTC().Format(time.RFC3339Nano), r.WrittenAt.Sub(r.AcceptedAt).Round(time.Millisecond))
	}
	fmt.Fprintf(w, "attempts  %d\ncustomer  %s <%s>, %s\n", r.Attempts, r.Customer.Name, r.Customer.Email, r.Customer.Address)
	for _, l := range r.Lines {
		fmt.Fprintf(w, "line      %d × %s at %s\n", l.Quantity, l.SKU, l.Price)
	}
	fmt.Fprintf(w, "total     %s\ntrace     %s\nepoch     %d\n", r.Total, r.Trace, r.Epoch)
}

// stateWord says dead for a dead letter, which is accepted with a cause.
func stateWord(r order.Record) string {
	if r.Dead() {
		return "dead"
	}
	return r.State.String()
}
