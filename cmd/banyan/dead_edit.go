package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

type deadEditCommand struct {
	ID  string   `arg:"" help:"The order's id."`
	Set []string `help:"A field and its new value, such as customer.address='1 Main St' or lines[0].quantity=1; may be given again. Without it the order opens in $EDITOR." sep:"none" placeholder:"FIELD=VALUE"`
	signature
}

// Run corrects a dead letter. What is not valid is not saved.
func (c deadEditCommand) Run(ctx context.Context, place Place, term terminal) error {
	if edited, err := c.editCaptured(ctx, place, term); edited || err != nil {
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
	if !record.Dead() {
		return told(term, c.ID, intake.ErrNotDead)
	}
	if !order.ValidID(c.ID) {
		return told(term, c.ID, errStray)
	}
	correction := intake.CorrectionOf(record.Order)
	if len(c.Set) > 0 {
		err = setFields(&correction, c.Set)
	} else {
		err = editText(ctx, term, &correction)
	}
	if err != nil {
		return err
	}
	wanted, err := correction.Apply(record.Order)
	if err != nil {
		return told(term, c.ID, err)
	}
	changes := intake.Changes(record.Order, wanted)
	if len(changes) == 0 {
		term.say("nothing to change")
		return nil
	}
	m, err := place.mender(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	edited, err := m.Edit(ctx, c.ID, correction, c.act())
	if err != nil {
		return told(term, c.ID, err)
	}
	if place.JSON {
		edited.Payment.Token = ""
		return printJSON(term.Out, edited)
	}
	for _, change := range changes {
		fmt.Fprintln(term.Out, changeWords(change))
	}
	if record.Total != edited.Total {
		term.say("the shopper has paid for %s; the order is %s now", record.Total, edited.Total)
	}
	term.say(`it is corrected, not redriven: "banyan dead check %s" tries it, "banyan dead redrive %s" sends it%s`, c.ID, c.ID, dataFlag(place))
	return nil
}

// linePath is a field of a line.
var linePath = regexp.MustCompile(`^lines\[(\d+)\]\.(sku|quantity|price|price\.amount|price\.currency)$`)

// setFields sets each FIELD=VALUE.
func setFields(c *intake.Correction, sets []string) error {
	for _, set := range sets {
		field, value, found := strings.Cut(set, "=")
		if !found {
			return badUsage(fmt.Sprintf("--set %q has no value", set), "write it as customer.address='1 Main St'")
		}
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		}
		if err := setField(c, strings.TrimSpace(field), value); err != nil {
			return err
		}
	}
	return nil
}

func setField(c *intake.Correction, field, value string) error {
	switch field {
	case "customer.email":
		c.Customer.Email = value
	case "customer.name":
		c.Customer.Name = value
	case "customer.address":
		c.Customer.Address = value
	case "payment.token":
		c.Payment.Token = value
	default:
		return setLine(c, field, value)
	}
	return nil
}

func setLine(c *intake.Correction, field, value string) error {
	parts := linePath.FindStringSubmatch(field)
	if parts == nil {
		return badUsage(fmt.Sprintf("--set: there is no field %q to correct", field),
			"there are customer.email, customer.name, customer.address, payment.token, lines[0].sku, lines[0].quantity and lines[0].price (in the smallest unit)")
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil || n >= len(c.Lines) {
		return badUsage(fmt.Sprintf("--set %s: the order has %d lines, from lines[0]", field, len(c.Lines)), "to add or remove a line, edit it in $EDITOR: leave --set out")
	}
	line := &c.Lines[n]
	if line.Price == nil {
		line.Price = &order.Money{}
	}
	switch parts[2] {
	case "sku":
		line.SKU = value
	case "price.currency":
		line.Price.Currency = value
	case "quantity":
		line.Quantity, err = strconv.Atoi(value)
	default:
		line.Price.Amount, err = strconv.ParseInt(value, 10, 64)
	}
	if err != nil {
		return badUsage(fmt.Sprintf("--set %s: %q is not a whole number", field, value), "write it as lines[0].quantity=1; prices are in the smallest unit: 18900 is $189.00")
	}
	return nil
}

// editText lets the user edit the correction as JSON. Until it can be read, the
// file is kept.
func editText(ctx context.Context, term terminal, c *intake.Correction) error {
	seen := c.Seen
	c.Seen = ""
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if text, err = inEditor(ctx, term, append(text, '\n')); err != nil {
		return err
	}
	edited := intake.Correction{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields() // a misspelt field would be lost in silence
	if err := dec.Decode(&edited); err != nil {
		return withHint(fmt.Errorf("what the editor left is no order: %w", err), "nothing was changed")
	}
	*c, c.Seen = edited, seen
	return nil
}

// inEditor lets the user edit a text. Nobody else may read it meanwhile: it
// holds the shopper's address.
func inEditor(ctx context.Context, term terminal, text []byte) ([]byte, error) {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	if editor == "" {
		return nil, withHint(errors.New("there is no editor to open the order in"), "set EDITOR, or name what changes with --set FIELD=VALUE")
	}
	file, err := os.CreateTemp("", "banyan-order-*.json") // 0600
	if err != nil {
		return nil, fmt.Errorf("open the order in an editor: %w", err)
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(text); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	// Through a shell, as EDITOR may hold arguments.
	run := exec.CommandContext(ctx, "sh", "-c", editor+` "$1"`, "sh", file.Name())
	run.Stdin, run.Stdout, run.Stderr = term.In, term.Err, term.Err
	if err := run.Run(); err != nil {
		return nil, withHint(fmt.Errorf("the editor %s ended with: %w", editor, err), "nothing was changed")
	}
	return os.ReadFile(file.Name())
}

type deadCheckCommand struct {
	ID  string   `arg:"" help:"The order's id."`
	Set []string `help:"Try it with this change, without saving it; as with edit." sep:"none" placeholder:"FIELD=VALUE"`
	signature
}

// Run tries a dead letter on legacy in a transaction that is rolled back. It
// exits with 3 where the order would be refused again.
func (c deadCheckCommand) Run(ctx context.Context, place Place, term terminal) error {
	book, err := place.letters(ctx)
	if err != nil {
		return err
	}
	defer book.Close()
	record, err := findOrder(ctx, book, c.ID)
	if err != nil {
		return err
	}
	var correction *intake.Correction
	if len(c.Set) > 0 {
		changed := intake.CorrectionOf(record.Order)
		if err := setFields(&changed, c.Set); err != nil {
			return err
		}
		correction = &changed
	}
	m, err := place.mender(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	t, err := m.Check(ctx, c.ID, correction, c.act())
	if err != nil {
		return told(term, c.ID, err)
	}
	if place.JSON {
		err = printLine(term.Out, t)
	} else {
		_, err = fmt.Fprintln(term.Out, t.Words)
	}
	switch {
	case err != nil:
		return err
	case t.Disposition == order.DispositionDeferred.String():
		return withHint(errors.New("the order could not be tried"), "try again when the legacy database answers")
	case !t.OK:
		return errProblems
	}
	return nil
}
