package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

type deadCommand struct {
	Store storeFlags `embed:"" group:"On AWS:"`

	List    deadListCommand    `cmd:"" default:"withargs" help:"Group the dead letters by cause; with --cause, list those of one."`
	Show    deadShowCommand    `cmd:"" help:"Show one with its cause and all that was done to it."`
	Edit    deadEditCommand    `cmd:"" help:"Correct one, by --set or in your editor."`
	Check   deadCheckCommand   `cmd:"" help:"Try one on the legacy database and take it back: would it be written?"`
	Redrive deadRedriveCommand `cmd:"" help:"Put them back in the queue; stops by itself when they die of the same cause again."`
	Drop    deadDropCommand    `cmd:"" help:"Give up on one: it is rejected for good, and its stock given back."`
}

// signature is who does something to a dead letter, and why.
type signature struct {
	Why string `help:"The reason, for the audit." placeholder:"TEXT"`
	Who string `help:"Who does it (default: the user)." placeholder:"NAME"`
}

func (s signature) act() intake.Act { return intake.Act{Who: orUser(s.Who), Why: s.Why} }

// causeWords says a cause to people. The words that a mapping's else: gives are
// often written as one.
func causeWords(cause string) string { return strings.ReplaceAll(cause, "_", " ") }

type deadListCommand struct {
	Cause string `help:"List the orders whose cause contains this, in any case." placeholder:"TEXT"`
	Limit int    `help:"How many of them." default:"20"`
}

// causeLine is a group of dead letters, with the cause in words.
type causeLine struct {
	intake.Cause
	Words string `json:"words"`
}

// letterLine is a dead letter in a list; personal data stays out of it.
type letterLine struct {
	ID       string       `json:"id"`
	Cause    string       `json:"cause"`
	Words    string       `json:"words"`
	Since    time.Time    `json:"since"`
	Attempts int          `json:"attempts"`
	Total    order.Money  `json:"total"`
	Lines    []order.Line `json:"lines"`
}

// deadList is what "banyan dead list --json" prints.
type deadList struct {
	Dead   int64        `json:"dead"` // in all
	Causes []causeLine  `json:"causes"`
	Orders []letterLine `json:"orders,omitempty"` // with --cause
}

// Run groups the dead letters by cause, or lists those of one.
func (c deadListCommand) Run(ctx context.Context, place Place, term terminal) error {
	book, err := place.letters(ctx)
	if err != nil {
		return err
	}
	defer book.Close()
	list, err := c.read(ctx, book)
	if err != nil {
		return err
	}
	switch {
	case place.JSON:
		return printJSON(term.Out, list)
	case list.Dead == 0:
		term.say("no dead letters: nothing needs mending")
		return nil
	case c.Cause != "":
		return printLetters(term, list.Orders)
	}
	rows := make([][]any, len(list.Causes))
	for i, g := range list.Causes {
		rows[i] = []any{g.Orders, g.Words, when(g.Oldest), when(g.Newest), g.Example}
	}
	return printTable(term.Out, []any{"ORDERS", "CAUSE", "OLDEST", "NEWEST", "FOR EXAMPLE"}, rows)
}

func (c deadListCommand) read(ctx context.Context, book orderBook) (deadList, error) {
	list := deadList{Causes: []causeLine{}}
	causes, err := book.Causes(ctx)
	if err != nil {
		return list, err
	}
	for _, g := range causes {
		list.Dead += g.Orders
		if strings.Contains(strings.ToLower(g.Cause), strings.ToLower(c.Cause)) {
			list.Causes = append(list.Causes, causeLine{g, causeWords(g.Cause)})
		}
	}
	if c.Cause == "" {
		return list, nil
	}
	letters, err := book.DeadLetters(ctx, intake.DeadFilter{Cause: c.Cause, Limit: c.Limit})
	for _, d := range letters {
		list.Orders = append(list.Orders, letterLine{d.ID, d.Cause, causeWords(d.Cause), d.Since, d.Attempts, d.Total, d.Lines})
	}
	return list, err
}

func printLetters(term terminal, letters []letterLine) error {
	if len(letters) == 0 {
		term.say("no dead letter has such a cause")
		return nil
	}
	rows := make([][]any, len(letters))
	for i, d := range letters {
		rows[i] = []any{d.ID, when(d.Since), d.Attempts, d.Total, d.Words}
	}
	return printTable(term.Out, []any{"ORDER", "SINCE", "ATTEMPTS", "TOTAL", "CAUSE"}, rows)
}

type deadShowCommand struct {
	ID string `arg:"" help:"The order's id."`
}

// deadShown is what "banyan dead show --json" prints.
type deadShown struct {
	order.Record
	Words string              `json:"words,omitempty"`
	Audit []intake.AuditEntry `json:"audit"`
}

// Run shows an order with its audit, also after it is mended.
func (c deadShowCommand) Run(ctx context.Context, place Place, term terminal) error {
	if shown, err := place.showCaptured(ctx, term, c.ID); shown || err != nil {
		return err
	}
	book, err := place.letters(ctx)
	if err != nil {
		return err
	}
	defer book.Close()
	record, err := findOrder(ctx, book, c.ID)
	if err != nil {
		return err
	}
	audit, err := book.Trail(ctx, c.ID)
	if err != nil {
		return err
	}
	record.Payment.Token = "" // good for a payment, so for nobody's eyes
	for _, e := range audit {
		if e.Before != nil {
			e.Before.Payment.Token = ""
		}
	}
	if place.JSON {
		shown := deadShown{Record: record, Audit: append([]intake.AuditEntry{}, audit...)}
		if record.Dead() {
			shown.Words = causeWords(record.Cause)
		}
		return printJSON(term.Out, shown)
	}
	shown := record
	shown.Cause = causeWords(record.Cause)
	showOrder(term.Out, shown)
	fmt.Fprintln(term.Out)
	return showAudit(term.Out, audit)
}

// findOrder finds an order, or says what to do where there is none.
func findOrder(ctx context.Context, book orderBook, id string) (order.Record, error) {
	record, err := book.Find(ctx, id)
	if errors.Is(err, order.ErrNotFound) {
		return record, withHint(fmt.Errorf("there is no order %s", id), `"banyan dead list" shows the dead letters`)
	}
	return record, err
}

// showAudit prints what was done, oldest first, with each change on a line of
// its own.
func showAudit(w io.Writer, audit []intake.AuditEntry) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, e := range audit {
		said := slices.DeleteFunc([]string{causeWords(e.Cause), e.Why}, func(s string) bool { return s == "" })
		if e.Action == intake.Edited || e.Action == intake.Redriven || e.Action == intake.Dropped {
			said = []string{e.Why} // the cause stands in the line before
		}
		fmt.Fprintf(tw, "%s\t%s\tby %s\t%s\n", when(e.At), e.Action, e.Who, strings.Join(said, "; "))
		for _, c := range e.Changes {
			fmt.Fprintf(tw, "\t\t\t%s\n", changeWords(c))
		}
	}
	return tw.Flush()
}

func changeWords(c intake.Change) string {
	switch {
	case c.From == "" && c.To == "":
		return c.Field + " changed"
	case c.From == "":
		return fmt.Sprintf("%s: added %s", c.Field, c.To)
	case c.To == "":
		return fmt.Sprintf("%s: removed %s", c.Field, c.From)
	}
	return fmt.Sprintf("%s: %s → %s", c.Field, c.From, c.To)
}

type deadDropCommand struct {
	ID string `arg:"" help:"The order's id."`
	signature
}

// Run gives up on a dead letter, which nobody but a person does.
func (c deadDropCommand) Run(ctx context.Context, place Place, term terminal) error {
	if strings.TrimSpace(c.Why) == "" {
		return badUsage("a dead letter is not dropped without a reason", "say it with --why TEXT; it stands in the audit, and the shopper has a yes")
	}
	book, err := place.letters(ctx)
	if err != nil {
		return err
	}
	defer book.Close()
	m, err := place.mender(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.Drop(ctx, c.ID, c.act()); err != nil {
		return told(term, c.ID, err)
	}
	record, err := findOrder(ctx, book, c.ID)
	if err != nil {
		return err
	}
	if place.JSON {
		record.Payment.Token = ""
		return printJSON(term.Out, record)
	}
	if len(record.Lines) == 0 { // a captured request holds no stock
		fmt.Fprintf(term.Out, "%s is given up; legacy does not get it\n", c.ID)
		return nil
	}
	fmt.Fprintf(term.Out, "%s is rejected for good; its stock is given back\n", c.ID)
	return nil
}
