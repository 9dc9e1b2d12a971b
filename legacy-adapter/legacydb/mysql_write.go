package legacydb

import (
	"context"
	"fmt"
)

// write takes the orders together, statement by statement and without
// savepoints, which is the fast way for the usual case that nothing is wrong
// with any order. Where something is, the transaction is rolled back and each
// order is taken apart from the others, behind a savepoint of its own. InnoDB
// checks everything at once and nothing at the commit, so that is enough; but a
// deadlock undoes the whole transaction, savepoints and all. A batch that
// deadlocks every time is written order by order, a transaction each.
func (m *mysql) write(ctx context.Context, b *batch) {
	err := m.with(ctx, func(s *mysqlSession) { s.write(ctx, b) })
	if err != nil {
		b.deferAll(m.reachable(err), err)
	}
}

// reachable is the verdict on an error before any order was looked at: legacy
// is away, whatever the error says of itself.
func (m *mysql) reachable(err error) verdict {
	v := m.classify(err)
	return gone(v.cause)
}

func (s *mysqlSession) write(ctx context.Context, b *batch) {
	v, err := s.again(ctx, b, s.together)
	if err != nil && !v.again && !v.stop {
		v, err = s.again(ctx, b, s.apart)
	}
	switch {
	case err == nil:
	case v.again && len(b.orders) > 1:
		s.alone(ctx, b)
	default:
		b.deferAll(v, err)
	}
}

// alone writes each order in a transaction of its own. A batch that loses again
// and again may do so for one of its orders, and holds more locks than any of
// them needs: the others go in without it.
func (s *mysqlSession) alone(ctx context.Context, b *batch) {
	b.reset()
	for i := range b.orders {
		if b.waits(i) {
			continue
		}
		own := b.only(i)
		v, err := s.again(ctx, own, s.apart)
		if err != nil {
			own.decide(0, v.outcome(err))
		}
		b.decide(i, own.outcomes[0])
		if err != nil && v.stop && !v.again { // the connection is gone, and what was not tried waits
			b.deferRest(v, err)
			return
		}
	}
}

// again does a way of writing until it does not lose against another
// transaction, a few times at most.
func (s *mysqlSession) again(ctx context.Context, b *batch, way func(context.Context, *batch) error) (v verdict, err error) {
	for range tries {
		b.reset()
		if err = way(ctx, b); err == nil {
			return verdict{}, nil
		}
		if v = s.verdict(err); !v.again {
			break
		}
	}
	return v, err
}

// together writes the batch statement by statement, each for all orders in the
// sequence of the rows it locks.
func (s *mysqlSession) together(ctx context.Context, b *batch) error {
	if err := s.open(ctx); err != nil {
		return s.undo(ctx, err)
	}
	if err := s.claim(ctx, b); err != nil {
		return s.undo(ctx, err)
	}
	have := make([]rows, len(b.orders))
	for _, stmt := range b.plan.statements {
		var calls []call
		for i := range b.orders {
			if b.decided[i] {
				continue
			}
			if err := columnsOf(stmt, have[i]); err != nil {
				return s.undo(ctx, err)
			}
			calls = append(calls, stmt.calls(b, i, have[i])...)
		}
		stmt.inLockOrder(calls)
		if err := s.call(ctx, calls, have); err != nil {
			return s.undo(ctx, err)
		}
	}
	if err := s.commit(ctx); err != nil {
		return s.undo(ctx, err)
	}
	b.writeRest()
	return nil
}

// apart writes the batch order by order in one transaction. An order that
// fails is undone to its savepoint and leaves the others alone.
func (s *mysqlSession) apart(ctx context.Context, b *batch) error {
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
// returns an error only where the whole transaction is lost. A server may be
// set to end the transaction where others only undo the statement; then the
// savepoint is gone as well, which ends the batch here.
func (s *mysqlSession) one(ctx context.Context, b *batch, i int) error {
	err := s.steps(ctx, b, i)
	if err == nil {
		return s.conn.exec(ctx, "RELEASE SAVEPOINT banyan_order")
	}
	v := s.verdict(err)
	if v.stop {
		return err
	}
	if err := s.conn.exec(ctx, "ROLLBACK TO SAVEPOINT banyan_order"); err != nil {
		return fmt.Errorf("undo one order: %w", err)
	}
	if v.locked {
		if err := s.conn.hurry(ctx); err != nil {
			return fmt.Errorf("wait less for locks: %w", err)
		}
	}
	b.decide(i, v.outcome(err))
	return nil
}

func (s *mysqlSession) steps(ctx context.Context, b *batch, i int) error {
	if err := s.conn.exec(ctx, "SAVEPOINT banyan_order"); err != nil {
		return err
	}
	o := &b.orders[i]
	if err := s.claimOne(ctx, b, o); mysqlNumber(err) == mysqlDuplicate {
		b.decide(i, duplicate)
		return nil
	} else if err != nil {
		return err
	}
	have := make([]rows, len(b.orders))
	for _, stmt := range b.plan.statements {
		if err := columnsOf(stmt, have[i]); err != nil {
			return err
		}
		calls := stmt.calls(b, i, have[i])
		stmt.inLockOrder(calls)
		if err := s.call(ctx, calls, have); err != nil {
			return err
		}
	}
	return nil
}

// try writes one order as write would, and rolls back. The numbers that
// AUTO_INCREMENT gave it are used up.
func (m *mysql) try(ctx context.Context, b *batch) {
	err := m.with(ctx, func(s *mysqlSession) {
		err := s.open(ctx)
		if err == nil {
			err = s.one(ctx, b, 0)
		}
		_ = s.undo(ctx, err)
		if err != nil {
			b.decide(0, s.verdict(err).outcome(err))
			return
		}
		b.writeRest()
	})
	if err != nil {
		b.deferAll(m.reachable(err), err)
	}
}
