package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// capturedShown is what "banyan dead show --json" prints of a captured request.
// Its header holds the shopper's session, and stays out of it.
type capturedShown struct {
	ID         string              `json:"id"`
	Rule       string              `json:"rule"` // the route that had it captured
	Method     string              `json:"method"`
	Target     string              `json:"target"`
	Body       string              `json:"body"`
	State      replay.State        `json:"state"`
	Cause      string              `json:"cause,omitempty"`
	MayBeThere bool                `json:"may_be_there"` // legacy may have carried it out: redriven, it is found out first
	Attempts   int                 `json:"attempts"`
	AcceptedAt string              `json:"accepted_at"`
	Answer     int                 `json:"answer_status,omitempty"` // legacy's last
	Audit      []intake.AuditEntry `json:"audit"`
}

// showCaptured shows a captured request; shown is false where id is none.
func (p Place) showCaptured(ctx context.Context, term terminal, id string) (shown bool, err error) {
	book, err := p.captured(ctx)
	if book == nil || err != nil {
		return false, err
	}
	defer book.Close()
	record, err := book.Find(ctx, id)
	if errors.Is(err, order.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	whole, err := book.Load(ctx, record.Seq)
	if err != nil {
		return false, err
	}
	trail, err := book.Trail(ctx, id)
	if err != nil {
		return false, err
	}
	v := capturedShown{ID: id, Rule: whole.Rule, Method: whole.Method, Target: whole.Target, Body: bodyWords(whole),
		State: whole.State, Cause: whole.Cause, MayBeThere: whole.Doubt, Attempts: whole.Attempts, AcceptedAt: when(whole.AcceptedAt), Audit: auditOf(trail)}
	if record.Answer != nil {
		v.Answer = record.Answer.Status
	}
	if p.JSON {
		return true, printJSON(term.Out, v)
	}
	return true, v.print(term.Out)
}

func (v capturedShown) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(tw, "request\t%s\nroute\t%s\nasks\t%s %s\nstate\t%s\n", v.ID, v.Rule, v.Method, v.Target, v.State)
	if v.Cause != "" {
		fmt.Fprintf(tw, "cause\t%s\n", v.Cause)
	}
	if v.Answer != 0 {
		fmt.Fprintf(tw, "answer\t%d %s\n", v.Answer, http.StatusText(v.Answer))
	}
	if v.State == replay.Dead && v.MayBeThere {
		fmt.Fprintf(tw, "at legacy\tperhaps: redriven, it is looked up before it is sent\n")
	}
	fmt.Fprintf(tw, "sent\t%d times\naccepted\t%s\n", v.Attempts, v.AcceptedAt)
	if err := tw.Flush(); err != nil {
		return err
	}
	if v.Body != "" {
		fmt.Fprintf(w, "\n%s\n", v.Body)
	}
	fmt.Fprintln(w)
	return showAudit(w, v.Audit)
}

// bodyWords returns a body that is text.
func bodyWords(c replay.Capture) string {
	kind, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if kind == "multipart/form-data" || !utf8.Valid(c.Body) {
		return fmt.Sprintf("(%d bytes of %s)", len(c.Body), kind)
	}
	return string(c.Body)
}

// bodyEditor is a mender of captured requests too.
type bodyEditor interface {
	EditBody(ctx context.Context, id string, body []byte, by intake.Act) error
}

// editCaptured corrects the body of a captured request in the editor; edited is false
// where the id is none's.
func (c deadEditCommand) editCaptured(ctx context.Context, place Place, term terminal) (edited bool, err error) {
	book, err := place.captured(ctx)
	if book == nil || err != nil {
		return false, err
	}
	defer book.Close()
	record, err := book.Find(ctx, c.ID)
	if errors.Is(err, order.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	switch {
	case record.State != replay.Dead:
		return true, told(term, c.ID, intake.ErrNotDead)
	case record.Doubt:
		return true, told(term, c.ID, replay.ErrMayBeThere)
	case len(c.Set) > 0:
		return true, badUsage("--set is for orders, and this is a captured request", "leave --set out: its body opens in $EDITOR as the shopper sent it")
	}
	whole, err := book.Load(ctx, record.Seq)
	if err != nil {
		return true, err
	}
	body, err := inEditor(ctx, term, whole.Body)
	if err != nil {
		return true, err
	}
	if string(body) == string(whole.Body) {
		term.say("nothing to change")
		return true, nil
	}
	m, err := place.mender(ctx)
	if err != nil {
		return true, err
	}
	defer m.Close()
	e, can := m.(bodyEditor)
	if !can {
		return true, told(term, c.ID, order.ErrNotFound)
	}
	if err := e.EditBody(ctx, c.ID, body, c.act()); err != nil {
		return true, told(term, c.ID, err)
	}
	term.say(`it is corrected, not redriven: "banyan dead redrive %s" sends it%s`, c.ID, dataFlag(place))
	return true, nil
}
