package fulfilment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Accept writes a priced order and takes its stock, in one transaction. The
// receipt says written, because it is.
func (s *Store) Accept(ctx context.Context, o order.Order) (order.Receipt, error) {
	var receipt order.Receipt
	err := s.retry(ctx, func() error {
		return s.inTx(ctx, s.latency, func(tx *sql.Tx) (err error) {
			receipt, err = s.write(ctx, tx, o)
			return err
		})
	})
	switch {
	case err == nil:
		return receipt, nil
	case refusal(err):
		return order.Receipt{}, err
	default:
		return order.Receipt{}, unavailable("write the order", err)
	}
}

// write is one attempt. The insert comes first: it is what claims the key, and
// in SQLite a transaction that begins by writing never has to give up a read
// lock that others wait for.
func (s *Store) write(ctx context.Context, tx *sql.Tx, o order.Order) (order.Receipt, error) {
	claim := o.Claim()
	o.AcceptedAt = s.now().UTC()
	o.ID = order.NewID(o.AcceptedAt)
	row, err := s.insert(ctx, tx, o, claim.Key)
	if errors.Is(err, sql.ErrNoRows) { // the key is taken
		first, err := s.load(ctx, tx, "idempotency_key", claim.Key)
		if err != nil {
			return order.Receipt{}, fmt.Errorf("read the first order of the key: %w", err)
		}
		if o.AcceptedAt.Before(first.AcceptedAt.Add(claim.TTL)) {
			return replay(first, claim)
		}
		if err := s.release(ctx, tx, claim.Key); err != nil {
			return order.Receipt{}, err
		}
		row, err = s.insert(ctx, tx, o, claim.Key)
		if err != nil {
			return order.Receipt{}, fmt.Errorf("insert the order: %w", err)
		}
	} else if err != nil {
		return order.Receipt{}, fmt.Errorf("insert the order: %w", err)
	}
	if err := s.insertLines(ctx, tx, row, o.Lines); err != nil {
		return order.Receipt{}, err
	}
	if err := s.takeStock(ctx, tx, o.Units()); err != nil {
		return order.Receipt{}, err
	}
	return order.Receipt{OrderID: o.ID, State: order.Written, AcceptedAt: o.AcceptedAt}, nil
}

// replay gives the first answer again, or refuses where the first order was
// another one. Its fingerprint is taken from its rows.
func replay(first order.Order, claim order.Claim) (order.Receipt, error) {
	if first.Claim().Fingerprint != claim.Fingerprint {
		return order.Receipt{}, order.ErrKeyReused
	}
	return order.Receipt{OrderID: first.ID, State: order.Written, AcceptedAt: first.AcceptedAt, Replayed: true}, nil
}

// insert returns the new row's id, or sql.ErrNoRows where the key is taken.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, o order.Order, key string) (int64, error) {
	var row int64
	err := tx.QueryRowContext(ctx, s.dialect.bind(`INSERT INTO orders (number, idempotency_key, email, name, address,
		payment_token, total_cents, currency, placed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (idempotency_key) DO NOTHING RETURNING id`),
		o.ID, key, o.Customer.Email, o.Customer.Name, o.Customer.Address,
		o.Payment.Token, o.Total.Amount, o.Total.Currency, o.AcceptedAt.Format(time.RFC3339Nano)).Scan(&row)
	return row, err
}

// release takes an expired key from the order that had it.
func (s *Store) release(ctx context.Context, tx *sql.Tx, key string) error {
	_, err := tx.ExecContext(ctx, s.dialect.bind(
		"UPDATE orders SET idempotency_key = NULL WHERE idempotency_key = ?"), key)
	if err != nil {
		return fmt.Errorf("release the expired key: %w", err)
	}
	return nil
}

func (s *Store) insertLines(ctx context.Context, tx *sql.Tx, row int64, lines []order.Line) error {
	for _, l := range lines {
		if l.Price == nil {
			return fmt.Errorf("line %s has no price", l.SKU)
		}
		_, err := tx.ExecContext(ctx, s.dialect.bind(
			"INSERT INTO order_items (order_id, sku, qty, price_cents) VALUES (?, ?, ?, ?)"),
			row, l.SKU, l.Quantity, l.Price.Amount)
		if err != nil {
			return fmt.Errorf("insert line %s: %w", l.SKU, err)
		}
	}
	return nil
}

// takeStock goes through the SKUs in their order, so that two orders with the
// same SKUs do not deadlock.
func (s *Store) takeStock(ctx context.Context, tx *sql.Tx, units map[string]int) error {
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		result, err := tx.ExecContext(ctx, s.dialect.bind(
			"UPDATE stock SET on_hand = on_hand - ? WHERE sku = ? AND on_hand >= ?"), units[sku], sku, units[sku])
		if err != nil {
			return fmt.Errorf("take the stock of %s: %w", sku, err)
		}
		taken, err := result.RowsAffected()
		if err != nil {
			return fmt.Errorf("take the stock of %s: %w", sku, err)
		}
		if taken == 0 {
			return s.shortage(ctx, tx, sku)
		}
	}
	return nil
}

// shortage says why no stock could be taken.
func (s *Store) shortage(ctx context.Context, tx *sql.Tx, sku string) error {
	var left int
	err := tx.QueryRowContext(ctx, s.dialect.bind("SELECT on_hand FROM stock WHERE sku = ?"), sku).Scan(&left)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return &order.UnknownProductError{SKU: sku}
	case err != nil:
		return fmt.Errorf("read the stock of %s: %w", sku, err)
	}
	return &order.SoldOutError{SKU: sku, Left: left}
}

// refusal reports whether the shopper is to hear err as it is.
func refusal(err error) bool {
	var soldOut *order.SoldOutError
	var unknown *order.UnknownProductError
	return errors.Is(err, order.ErrKeyReused) || errors.As(err, &soldOut) || errors.As(err, &unknown)
}
