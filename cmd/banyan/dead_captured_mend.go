package main

import (
	"context"
	"errors"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
	replaylocal "github.com/banyan-edge/banyan/legacy-adapter/replay/local"
)

// captures mends captured requests that are dead letters, where an id is no
// order's.
type captures struct {
	store *replaylocal.Store // nil: nothing was ever captured here
	// check asks legacy about one; nil: no process runs that could.
	check func(ctx context.Context, c replay.Capture) replay.Checkup
}

// errNobodyAsks: to look a captured request up at legacy takes a running process.
var errNobodyAsks = errors.New("legacy can be asked about a captured request only while banyan up runs")

// or does to a captured request what could not be done to an order, as there is
// none of the id.
func (c captures) or(err error, do func(*replaylocal.Store) error) error {
	if c.store == nil || !errors.Is(err, order.ErrNotFound) {
		return err
	}
	if err = do(c.store); errors.Is(err, replay.ErrNotDead) {
		err = errors.Join(intake.ErrNotDead, err)
	}
	return err
}

func (c captures) editBody(ctx context.Context, id string, body []byte, by intake.Act) error {
	return c.or(order.ErrNotFound, func(s *replaylocal.Store) error { return s.Edit(ctx, id, body, replay.Act(by)) })
}

// tried asks legacy whether it has a captured request.
func (c captures) tried(ctx context.Context, r checkRequest) (t tried, err error) {
	err = c.or(order.ErrNotFound, func(s *replaylocal.Store) error {
		record, err := s.Find(ctx, r.ID)
		switch {
		case err != nil:
			return err
		case record.State != replay.Dead:
			return replay.ErrNotDead
		case c.check == nil:
			return errNobodyAsks
		}
		whole, err := s.Load(ctx, record.Seq)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		defer cancel()
		found := c.check(ctx, whole)
		t = tried{Disposition: order.DispositionRejected.String(), Words: found.Words, OK: found.OK}
		switch {
		case found.Found:
			t.Disposition = order.DispositionDuplicate.String()
		case found.OK:
			t.Disposition = order.DispositionWritten.String()
		case !found.Asked:
			t.Disposition = order.DispositionDeferred.String()
		}
		return s.NoteCheck(ctx, r.ID, found.Words, replay.Act(r.By))
	})
	return t, err
}

// bothMender mends orders and captured requests of this very process.
type bothMender struct {
	mender
	captures captures
}

func (m bothMender) Redrive(ctx context.Context, id string, by intake.Act) error {
	return m.captures.or(m.mender.Redrive(ctx, id, by), func(s *replaylocal.Store) error { return s.Redrive(ctx, id, replay.Act(by)) })
}

func (m bothMender) Drop(ctx context.Context, id string, by intake.Act) error {
	return m.captures.or(m.mender.Drop(ctx, id, by), func(s *replaylocal.Store) error { return s.Drop(ctx, id, replay.Act(by)) })
}

func (m bothMender) EditBody(ctx context.Context, id string, body []byte, by intake.Act) error {
	return m.captures.editBody(ctx, id, body, by)
}

func (m bothMender) Check(ctx context.Context, id string, c *intake.Correction, by intake.Act) (tried, error) {
	t, err := m.captures.tried(ctx, checkRequest{ID: id, By: by})
	if errors.Is(err, order.ErrNotFound) {
		return m.mender.Check(ctx, id, c, by)
	}
	return t, err
}

// mender mends what this process holds.
func (in *installation) mender() bothMender {
	return bothMender{installedMender{in.orders, in}, captures{in.capture.store, in.capture.replay.Check}}
}

// bothOf is the mender where no process runs: of the orders' store, and of the
// captured requests', where there are any.
func (p Place) bothOf(ctx context.Context, store *local.Store) (mender, error) {
	m := bothMender{mender: ownMender{Store: store, legacy: p.legacy}}
	if exists(p.file(capturesName)) != nil {
		return m, nil
	}
	captured, err := replaylocal.Open(ctx, replaylocal.Options{Path: p.file(capturesName)})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	m.captures.store = captured
	return m, nil
}

func (m bothMender) Close() error {
	if _, own := m.mender.(ownMender); own && m.captures.store != nil {
		return errors.Join(m.mender.Close(), m.captures.store.Close())
	}
	return m.mender.Close()
}
