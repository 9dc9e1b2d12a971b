package legacydb

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
)

// trier is a dialect that can write a batch and take it back.
type trier interface {
	// try decides every order of a batch of one as write would, and rolls back.
	try(ctx context.Context, b *batch)
}

// Try is a dry run: it returns what would become of the order if it were
// written now, statement by statement on the real rows, in a transaction that
// is rolled back. What the database checks at the commit only is checked too
// where it can be asked to, as PostgreSQL can.
func (db *DB) Try(ctx context.Context, o order.Order) Outcome {
	t, can := db.dialect.(trier)
	if !can {
		err := fmt.Errorf("try an order: this kind of database cannot take one back")
		return deferred(err.Error()).outcome(err)
	}
	b := newBatch(db.plan, []order.Order{o}, db.now())
	t.try(ctx, b)
	return b.outcomes[0]
}

func (l *sqlite) try(ctx context.Context, b *batch) {
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	case <-ctx.Done():
		b.deferAll(l.classify(ctx.Err()), ctx.Err())
		return
	}
	if err := l.ready(ctx); err != nil {
		b.deferAll(gone(l.classify(err).cause), err)
		return
	}
	tx, err := l.pool.BeginTx(ctx, nil)
	if err != nil {
		b.deferAll(l.classify(err), fmt.Errorf("begin: %w", err))
		return
	}
	defer tx.Rollback() // it is what was promised; an error leaves nothing behind either
	t := &sqliteTx{l: l, tx: tx, stmt: make(map[string]*sql.Stmt, len(l.kept))}
	for text, stmt := range l.kept {
		t.stmt[text] = tx.StmtContext(ctx, stmt)
	}
	if err := t.one(ctx, b, 0); err != nil {
		b.decide(0, l.classify(err).outcome(err))
		return
	}
	b.writeRest()
}

func (p *postgres) try(ctx context.Context, b *batch) {
	s, err := p.session(ctx)
	if err != nil {
		b.deferAll(p.reachable(err), err)
		return
	}
	defer s.release()
	defer rollback(ctx, s.pc)
	err = s.open(ctx)
	if err == nil {
		err = s.one(ctx, b, 0)
	}
	if err == nil && !b.decided[0] {
		err = s.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	}
	if err != nil {
		b.decide(0, s.verdict(err).outcome(err))
		return
	}
	b.writeRest()
}
