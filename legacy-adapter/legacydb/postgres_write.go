package legacydb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/banyan-edge/banyan/api/order"
)

// tries is how often a batch that lost against another transaction (deadlock,
// serialization) is tried as a whole before its orders are taken apart.
const tries = 3

// write takes the orders together: everything that can be sent at once is, and
// there are no savepoints. That is the fast way, for the usual case that
// nothing is wrong with any order. Where something is, the transaction is
// rolled back and each order is taken apart from the others, behind a savepoint
// of its own. Where the database checks something at the commit only, each
// order is taken in a transaction of its own.
func (p *postgres) write(ctx context.Context, b *batch) {
	s, err := p.session(ctx)
	if err != nil {
		b.deferAll(p.reachable(err), err)
		return
	}
	defer s.release()

	var v verdict
	for range tries {
		b.reset()
		if err = s.together(ctx, b); err == nil {
			return
		}
		if v = s.verdict(err); !v.again {
			break
		}
	}
	if v.stop {
		b.deferAll(v, err)
		return
	}
	b.reset()
	err = s.apart(ctx, b)
	if err == nil {
		return
	}
	v = s.verdict(err)
	if v.disposition == order.DispositionRejected && len(b.orders) > 1 {
		s.alone(ctx, b)
		return
	}
	if v.disposition == order.DispositionRejected {
		b.decide(0, v.outcome(err))
		return
	}
	b.deferAll(v, err)
}

// reachable is the verdict on an error before any order was looked at: legacy
// is away, whatever the error says of itself.
func (p *postgres) reachable(err error) verdict {
	v := p.classify(err)
	return gone(v.cause)
}

// together writes the batch statement by statement, all orders in one go.
func (s *session) together(ctx context.Context, b *batch) error {
	if err := s.begin(ctx, b); err != nil {
		return s.undo(ctx, err)
	}
	have := make([]rows, len(b.orders))
	for _, round := range b.plan.rounds {
		var calls []call
		for _, stmt := range round {
			begin := len(calls)
			for i := range b.orders {
				if !b.decided[i] {
					calls = append(calls, stmt.calls(b, i, have[i])...)
				}
			}
			stmt.inLockOrder(calls[begin:])
		}
		if err := s.run(ctx, calls, have); err != nil {
			return s.undo(ctx, err)
		}
	}
	if err := s.commit(ctx); err != nil {
		return s.undo(ctx, err)
	}
	b.writeRest()
	return nil
}

// begin opens the transaction and puts the batch's rows into banyan_ledger.
// Orders that have one already are duplicates.
func (s *session) begin(ctx context.Context, b *batch) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	added, err := s.ledgerRows(ctx, b.orders, b.now)
	if err != nil {
		return err
	}
	for i, o := range b.orders {
		if _, found := slices.BinarySearch(added, o.ID); !found {
			b.decide(i, duplicate)
		}
	}
	return nil
}

// apart writes the batch order by order in one transaction. An order that
// fails is undone to its savepoint and leaves the others alone.
func (s *session) apart(ctx context.Context, b *batch) error {
	if err := s.open(ctx); err != nil {
		return s.undo(ctx, err)
	}
	for i := range b.orders {
		if b.waits(i) {
			continue
		}
		if err := s.one(ctx, b, i); err != nil {
			return s.undo(ctx, err)
		}
	}
	if err := s.commit(ctx); err != nil {
		return s.undo(ctx, err)
	}
	b.writeRest()
	return nil
}

// one writes order i behind a savepoint and decides it unless it went well. It
// returns an error only where the whole transaction is lost.
func (s *session) one(ctx context.Context, b *batch, i int) error {
	err := s.steps(ctx, b, i)
	if err == nil {
		return s.exec(ctx, "RELEASE SAVEPOINT banyan_order")
	}
	v := s.verdict(err)
	if v.stop {
		return err
	}
	undo := "ROLLBACK TO SAVEPOINT banyan_order"
	if v.locked {
		undo += "; " + lockWait(lockTimeoutAgain)
	}
	if err := s.exec(ctx, undo); err != nil {
		return fmt.Errorf("undo one order: %w", err)
	}
	b.decide(i, v.outcome(err))
	return nil
}

func (s *session) steps(ctx context.Context, b *batch, i int) error {
	if err := s.exec(ctx, "SAVEPOINT banyan_order"); err != nil {
		return err
	}
	added, err := s.ledgerRows(ctx, b.orders[i:i+1], b.now)
	if err != nil {
		return err
	}
	if len(added) == 0 {
		b.decide(i, duplicate)
		return nil
	}
	have := make([]rows, len(b.orders))
	for _, round := range b.plan.rounds {
		var calls []call
		for _, stmt := range round {
			begin := len(calls)
			calls = append(calls, stmt.calls(b, i, have[i])...)
			stmt.inLockOrder(calls[begin:])
		}
		if err := s.run(ctx, calls, have); err != nil {
			return err
		}
	}
	return nil
}

// alone writes each order in a transaction of its own.
func (s *session) alone(ctx context.Context, b *batch) {
	b.reset()
	for i := range b.orders {
		if b.waits(i) {
			continue
		}
		own := b.only(i)
		if err := s.apart(ctx, own); err != nil {
			own.decide(0, s.verdict(err).outcome(err))
		}
		b.decide(i, own.outcomes[0])
	}
}

// undo ends a transaction that failed and passes the reason on.
func (s *session) undo(ctx context.Context, reason error) error {
	rollback(ctx, s.pc)
	return reason
}

// rowsError says that a statement changed another number of rows than it has to.
type rowsError struct{ verdict verdict }

func (e rowsError) Error() string { return e.verdict.cause }

// verdict says what an error means, and drops a connection whose prepared
// statements do not fit the schema any more.
func (s *session) verdict(err error) verdict {
	var wrong rowsError
	if errors.As(err, &wrong) {
		return wrong.verdict
	}
	v := s.p.classify(err)
	s.locked = s.locked || v.locked
	s.spoilt = s.spoilt || v.away
	return v
}
