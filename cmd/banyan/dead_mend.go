package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// mender is what people do to dead letters. It is done by the process that has
// the store open: the running one, or the command itself where none runs.
type mender interface {
	Edit(ctx context.Context, id string, c intake.Correction, by intake.Act) (order.Order, error)
	Redrive(ctx context.Context, id string, by intake.Act) error
	Drop(ctx context.Context, id string, by intake.Act) error
	// Check tries the order, with a correction that need not be saved, on legacy.
	Check(ctx context.Context, id string, c *intake.Correction, by intake.Act) (tried, error)
	// Relaying reports whether anybody takes orders out of the queue.
	Relaying() bool
	Close() error
}

// tried is what a dry run found.
type tried struct {
	Disposition string `json:"disposition"` // the word of what would become of the order
	Cause       string `json:"cause,omitempty"`
	Words       string `json:"words"`
	OK          bool   `json:"ok"` // it would be written, or is
}

func triedOf(o legacydb.Outcome) tried {
	t := tried{Disposition: o.Disposition.String(), Cause: o.Cause}
	switch o.Disposition {
	case order.DispositionWritten:
		t.OK, t.Words = true, "it would be written"
	case order.DispositionDuplicate:
		t.OK, t.Words = true, "legacy has it already; redriven, it counts as written"
	case order.DispositionRejected:
		t.Words = "it would be refused: " + causeWords(o.Cause)
	default:
		t.Words = "legacy cannot say now: " + causeWords(o.Cause)
	}
	return t
}

// mender returns the one to ask: the running process, or the store.
func (p Place) mender(ctx context.Context) (mender, error) {
	switch c, err := p.cloud(ctx); {
	case err != nil:
		return nil, err
	case c != nil:
		return c, nil
	}
	if r, runs := p.running(ctx); runs {
		return openRemoteMender(ctx, r)
	}
	store, err := local.Open(ctx, local.Options{Path: p.file(intakeName)})
	var locked *local.LockedError
	if errors.As(err, &locked) {
		return nil, withHint(err, "a banyan that does not answer has the orders open; wait until it has started, or stop it")
	}
	if err != nil {
		return nil, err
	}
	return p.bothOf(ctx, store)
}

// ownMender is the mender of a store that this very process has open.
type ownMender struct {
	*local.Store
	legacy   func(context.Context) (*legacydb.DB, error) // opens it for one check
	relaying bool
}

func (m ownMender) Relaying() bool { return m.relaying }

// Check tries the order on legacy and notes what came of it.
func (m ownMender) Check(ctx context.Context, id string, c *intake.Correction, by intake.Act) (tried, error) {
	db, err := m.legacy(ctx)
	if err != nil {
		return tried{}, err
	}
	defer db.Close()
	return check(ctx, m.Store, db, checkRequest{ID: id, Correction: c, By: by})
}

// checkRequest is a dry run that somebody asks for.
type checkRequest struct {
	ID         string
	Correction *intake.Correction // nil: the order as it is
	By         intake.Act
}

// checkWithin is how long a dry run may take.
const checkWithin = 20 * time.Second

func check(ctx context.Context, store interface {
	Find(ctx context.Context, id string) (order.Record, error)
	NoteCheck(ctx context.Context, id, outcome string, by intake.Act) error
}, db *legacydb.DB, r checkRequest) (tried, error) {
	record, err := store.Find(ctx, r.ID)
	if err != nil {
		return tried{}, err
	}
	if !record.Dead() {
		return tried{}, intake.ErrNotDead
	}
	o := record.Order
	if r.Correction != nil {
		if o, err = r.Correction.Apply(o); err != nil {
			return tried{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	t := triedOf(db.Try(ctx, o))
	words := t.Words
	if r.Correction != nil {
		words = "with a correction that was not saved, " + words
	}
	return t, store.NoteCheck(ctx, r.ID, words, r.By)
}

// installedMender is the mender of the running process: checks share the budget.
type installedMender struct {
	*local.Store
	in *installation
}

// Relaying reports whether orders are taken to the legacy database, or, where
// there is none, captured requests to its web server.
func (m installedMender) Relaying() bool { return m.in.relay != nil || !m.in.command.HoldRelay }
func (m installedMender) Close() error   { return nil } // the store is the installation's

func (m installedMender) Check(ctx context.Context, id string, c *intake.Correction, by intake.Act) (tried, error) {
	if m.in.legacyDB == nil {
		return tried{}, errNoLegacy
	}
	release, err := m.in.budget.Acquire(ctx, relaySync)
	if err != nil {
		return tried{}, err
	}
	defer release()
	return check(ctx, m.Store, m.in.legacyDB, checkRequest{ID: id, Correction: c, By: by})
}

// refusal is why something was not done to a dead letter, as it is said to
// people and carried between processes.
type refusal struct {
	Message string             `json:"message"`
	Hint    string             `json:"hint,omitempty"`
	Fields  []order.FieldError `json:"fields,omitempty"`
	NotDead bool               `json:"not_dead,omitempty"` // the order is no dead letter (any more)
}

func (r *refusal) Error() string { return r.Message }

// Is makes a refusal that came from another process known by its sentinel.
func (r *refusal) Is(target error) bool { return r.NotDead && target == intake.ErrNotDead }

// refused translates an error of a mender; ok says that it is one that people
// can do something about.
func refused(id string, err error) (r *refusal, status int, ok bool) {
	var invalid *order.InvalidError
	var soldOut *order.SoldOutError
	var unknown *order.UnknownProductError
	switch {
	case errors.Is(err, order.ErrNotFound):
		return &refusal{Message: fmt.Sprintf("there is no order %s", id), Hint: `"banyan dead list" shows the dead letters`}, http.StatusNotFound, true
	case errors.Is(err, intake.ErrNotDead):
		return &refusal{Message: fmt.Sprintf("order %s is no dead letter", id), NotDead: true,
			Hint: fmt.Sprintf(`"banyan orders show %s" shows what became of it`, id)}, http.StatusConflict, true
	case errors.Is(err, intake.ErrChanged):
		return &refusal{Message: fmt.Sprintf("somebody else changed order %s meanwhile; nothing was changed", id),
			Hint: fmt.Sprintf(`look at it with "banyan dead show %s", and edit it again`, id)}, http.StatusConflict, true
	case errors.As(err, &invalid):
		return &refusal{Message: fmt.Sprintf("order %s would not be valid; nothing was changed", id),
			Hint: "mend the fields named above", Fields: invalid.Fields}, http.StatusUnprocessableEntity, true
	case errors.As(err, &soldOut):
		return &refusal{Message: soldOut.Error() + "; nothing was changed", Hint: `"banyan stock" shows what is left`}, http.StatusConflict, true
	case errors.As(err, &unknown):
		return &refusal{Message: unknown.Error() + "; nothing was changed", Hint: `"banyan stock" lists the SKUs`}, http.StatusUnprocessableEntity, true
	case errors.Is(err, errStray):
		return &refusal{Message: fmt.Sprintf("%s is a message in the dead-letter queue, and no order of the table", id),
			Hint: `"banyan dead show" shows it; it can be redriven or dropped`}, http.StatusConflict, true
	case errors.Is(err, replay.ErrMayBeThere):
		return &refusal{Message: fmt.Sprintf("legacy may have carried out %s as it was; nothing was changed", id),
			Hint: fmt.Sprintf(`"banyan dead check %s" asks legacy`, id)}, http.StatusConflict, true
	case errors.Is(err, errNobodyAsks):
		return &refusal{Message: err.Error(), Hint: `start "banyan up", or redrive it: it is looked up before it is sent`}, http.StatusConflict, true
	case errors.Is(err, errNoLegacy):
		return &refusal{Message: err.Error(), Hint: "name the database in banyan.yaml under legacy"}, http.StatusConflict, true
	}
	return nil, 0, false
}

// told shows a mender's error to people.
func told(term terminal, id string, err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		var ok bool
		if r, _, ok = refused(id, err); !ok {
			return err
		}
	}
	for _, f := range r.Fields {
		term.say("%s %s", f.Field, f.Detail)
	}
	if r.Hint == "" {
		return r
	}
	return withHint(r, "%s", r.Hint)
}
