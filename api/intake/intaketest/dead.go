package intaketest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// DeadLetters is what a store can do that lets people mend dead letters. The
// suite skips these tests where it cannot.
type DeadLetters interface {
	Causes(ctx context.Context) ([]intake.Cause, error)
	DeadLetters(ctx context.Context, f intake.DeadFilter) ([]intake.DeadLetter, error)
	Trail(ctx context.Context, id string) ([]intake.AuditEntry, error)
	Edit(ctx context.Context, id string, c intake.Correction, by intake.Act) (order.Order, error)
	Redrive(ctx context.Context, id string, by intake.Act) error
	Drop(ctx context.Context, id string, by intake.Act) error
	NoteCheck(ctx context.Context, id, outcome string, by intake.Act) error
}

// letters returns the store as one whose dead letters can be mended, or skips.
func (b *bench) letters(t *testing.T) DeadLetters {
	d, can := b.Store.(DeadLetters)
	if !can {
		t.Skipf("%T cannot mend dead letters: it lacks methods of intaketest.DeadLetters", b.Store)
	}
	return d
}

// died places an order and lets legacy refuse it.
func (b *bench) died(t *testing.T, key, cause string, skus ...string) string {
	t.Helper()
	id := b.accepted(t, orderOf(key, skus...)).OrderID
	b.settle(t, b.queued(t, id), order.DispositionRejected, cause)
	return id
}

// correction starts from the order as it is.
func (b *bench) correction(t *testing.T, id string) intake.Correction {
	t.Helper()
	return intake.CorrectionOf(b.find(t, id).Order)
}

var ann = intake.Act{Who: "ann", Why: "the shopper called"}

// trail returns the actions in an order's audit; every person's is Ann's.
func trail(t *testing.T, d DeadLetters, id string) []intake.Action {
	t.Helper()
	entries, err := d.Trail(t.Context(), id)
	require.NoError(t, err)
	var actions []intake.Action
	for _, e := range entries {
		require.False(t, e.At.IsZero())
		if e.Action == intake.Refused {
			require.NotEmpty(t, e.Cause)
		} else {
			require.Equal(t, ann, intake.Act{Who: e.Who, Why: e.Why})
		}
		actions = append(actions, e.Action)
	}
	return actions
}

var deadTests = map[string]func(*testing.T, *bench){
	"DeadLettersAreGroupedByCause": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 10})
		first := b.died(t, "1", "name is too long", rod)
		b.died(t, "2", "out_of_stock", rod)
		since := b.clock.Now()
		third := b.died(t, "3", "name is too long", rod)
		causes, err := d.Causes(t.Context())
		require.NoError(t, err)
		require.Equal(t, []intake.Cause{
			{Cause: "name is too long", Orders: 2, Oldest: since, Newest: since, Example: first},
			{Cause: "out_of_stock", Orders: 1, Oldest: since, Newest: since, Example: causes[1].Example},
		}, causes)

		letters, err := d.DeadLetters(t.Context(), intake.DeadFilter{Cause: "NAME"})
		require.NoError(t, err)
		require.Len(t, letters, 2)
		require.Equal(t, []string{first, third}, []string{letters[0].ID, letters[1].ID}, "in the order of acceptance")
		require.Equal(t, since, letters[0].Since)
		rest, err := d.DeadLetters(t.Context(), intake.DeadFilter{Limit: 1, After: first})
		require.NoError(t, err)
		require.Len(t, rest, 1)
		require.Equal(t, "out_of_stock", rest[0].Cause)
	},

	"RedrivenOrderWaitsBeforeItsCustomersLaterOnes": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 10})
		id := b.died(t, "1", "a constraint", rod)
		later := b.accepted(t, orderOf("2", rod)).OrderID
		require.NoError(t, d.Redrive(t.Context(), id, ann))

		q := b.waiting(t)
		if b.redrivenLast {
			slices.Reverse(q)
		}
		require.Equal(t, []string{id, later}, []string{q[0].Order.ID, q[1].Order.ID})
		require.Equal(t, 1, q[0].Attempts)
		require.True(t, q[0].DueAt.IsZero())
		require.False(t, b.find(t, id).Dead())
		require.Equal(t, order.Ledger{Accepted: 2, Waiting: 2}, b.ledger(t))
		require.Equal(t, 2, b.stock(t, rod).Held)

		b.settle(t, q[0], order.DispositionRejected, "a constraint")
		require.Equal(t, 2, b.find(t, id).Attempts)
		require.NoError(t, d.Redrive(t.Context(), id, ann))
		b.settle(t, b.queued(t, id), order.DispositionWritten, "")
		require.Equal(t, order.Ledger{Accepted: 2, Written: 1, Waiting: 1}, b.ledger(t))
		require.Equal(t, []intake.Action{intake.Refused, intake.Redriven, intake.Refused, intake.Redriven}, trail(t, d, id))
	},

	"CorrectedOrderKeepsItsIdentityAndTheAuditTheOriginal": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 10})
		id := b.died(t, "1", "address is too long", rod)
		before := b.find(t, id)
		c := b.correction(t, id)
		c.Customer.Address = "2 Side St, Albany NY 12207"
		edited, err := d.Edit(t.Context(), id, c, ann)
		require.NoError(t, err)

		after := b.find(t, id)
		require.Equal(t, edited, after.Order)
		want := before.Order
		want.Customer.Address = c.Customer.Address
		require.Equal(t, want, after.Order)
		require.True(t, after.Dead(), "correcting does not redrive")
		again := b.accepted(t, orderOf("1", rod))
		require.True(t, again.Replayed, "the shopper's key still belongs to the order as it was sent")
		require.Equal(t, id, again.OrderID)

		audit, err := d.Trail(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, intake.Edited, audit[1].Action)
		require.Equal(t, &before.Order, audit[1].Before)
		require.Equal(t, []intake.Change{{Field: "customer.address", From: before.Customer.Address, To: c.Customer.Address}}, audit[1].Changes)
	},

	"CorrectedLinesTakeTheirHoldsWithThem": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 3, creel: 1})
		id := b.died(t, "1", "out_of_stock", rod, rod)
		c := b.correction(t, id)
		c.Lines = c.Lines[:1]
		c.Lines[0].SKU = creel
		_, err := d.Edit(t.Context(), id, c, ann)
		require.NoError(t, err)
		require.Equal(t, order.Stock{SKU: rod, OnHand: 3}, b.stock(t, rod))
		require.Equal(t, order.Stock{SKU: creel, OnHand: 1, Held: 1}, b.stock(t, creel))
		require.EqualValues(t, 18900, b.find(t, id).Total.Amount)

		require.NoError(t, d.Redrive(t.Context(), id, ann))
		b.settle(t, b.queued(t, id), order.DispositionWritten, "")
		require.Equal(t, order.Stock{SKU: creel, OnHand: 1, Sold: 1}, b.stock(t, creel))
		require.Equal(t, order.Stock{SKU: rod, OnHand: 3}, b.stock(t, rod))
	},

	"CorrectionThatCannotBeIsRefusedAndChangesNothing": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 2})
		id := b.died(t, "1", "refused", rod)
		before := b.find(t, id)
		refused := func(as any, change func(*intake.Correction)) {
			t.Helper()
			c := b.correction(t, id)
			change(&c)
			_, err := d.Edit(t.Context(), id, c, ann)
			require.ErrorAs(t, err, as)
		}
		refused(new(*order.SoldOutError), func(c *intake.Correction) { c.Lines[0].Quantity = 3 })
		refused(new(*order.UnknownProductError), func(c *intake.Correction) { c.Lines[0].SKU = "no-such-rod" })
		refused(new(*order.InvalidError), func(c *intake.Correction) { c.Customer.Email = "ann" })
		refused(new(*order.InvalidError), func(c *intake.Correction) { c.Lines[0].Price = nil })
		refused(new(*order.InvalidError), func(c *intake.Correction) { c.Lines[0].Price.Currency = "SEK" })
		stale := b.correction(t, id)
		stale.Seen = "what somebody else saw"
		_, err := d.Edit(t.Context(), id, stale, ann)
		require.ErrorIs(t, err, intake.ErrChanged)

		require.Equal(t, before, b.find(t, id))
		require.Equal(t, order.Stock{SKU: rod, OnHand: 2, Held: 1}, b.stock(t, rod))
		require.Equal(t, []intake.Action{intake.Refused}, trail(t, d, id))
	},

	"DroppedOrderGivesItsStockBackOnce": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 3})
		id := b.died(t, "1", "out_of_stock", rod)
		require.NoError(t, d.NoteCheck(t.Context(), id, "it would be refused", ann))
		require.NoError(t, d.Drop(t.Context(), id, ann))
		require.ErrorIs(t, d.Drop(t.Context(), id, ann), intake.ErrNotDead)
		r := b.find(t, id)
		require.Equal(t, order.Rejected, r.State)
		require.Equal(t, ann.Why, r.Cause)
		require.Equal(t, 3, b.stock(t, rod).Left())
		require.Equal(t, order.Ledger{Accepted: 1, Cancelled: 1}, b.ledger(t))
		require.Equal(t, []intake.Action{intake.Refused, intake.Checked, intake.Dropped}, trail(t, d, id))
	},

	"OnlyDeadLettersAreMended": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 3})
		waiting := b.accepted(t, orderOf("1", rod)).OrderID
		written := b.accepted(t, orderOf("2", rod)).OrderID
		b.settle(t, b.queued(t, written), order.DispositionWritten, "")
		for id, want := range map[string]error{waiting: intake.ErrNotDead, written: intake.ErrNotDead, order.NewID(b.clock.Now()): order.ErrNotFound} {
			_, err := d.Edit(t.Context(), id, intake.Correction{}, ann)
			require.ErrorIs(t, err, want)
			require.ErrorIs(t, d.Redrive(t.Context(), id, ann), want)
			require.ErrorIs(t, d.Drop(t.Context(), id, ann), want)
			require.ErrorIs(t, d.NoteCheck(t.Context(), id, "fine", ann), want)
		}
		require.Equal(t, order.Ledger{Accepted: 2, Written: 1, Waiting: 1}, b.ledger(t))
		require.Empty(t, trail(t, d, written))
	},

	"RestartKeepsTheAudit": func(t *testing.T, b *bench) {
		d := b.letters(t)
		b.stocked(t, map[string]int{rod: 3})
		id := b.died(t, "1", "out_of_stock", rod)
		c := b.correction(t, id)
		c.Customer.Name = "Ann B. Angler"
		_, err := d.Edit(t.Context(), id, c, ann)
		require.NoError(t, err)
		before, err := d.Trail(t.Context(), id)
		require.NoError(t, err)
		b.Store = b.reopen(t)
		after, err := b.letters(t).Trail(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.Equal(t, "Ann B. Angler", b.find(t, id).Customer.Name)
	},
}
