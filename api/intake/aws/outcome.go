package aws

import (
	"context"
	"errors"

	"github.com/banyan-edge/banyan/api/order"
)

// outcomeOf names what became of an order for the metrics.
func outcomeOf(receipt order.Receipt, err error) string {
	var soldOut *order.SoldOutError
	var unknown *order.UnknownProductError
	var invalid *order.InvalidError
	switch {
	case err == nil && receipt.Replayed:
		return "replayed"
	case err == nil:
		return "accepted"
	case errors.Is(err, order.ErrKeyReused):
		return "key_reused"
	case errors.As(err, &soldOut):
		return "sold_out"
	case errors.As(err, &unknown):
		return "unknown_product"
	case errors.As(err, &invalid):
		return "invalid"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "abandoned"
	default:
		return "unavailable"
	}
}

// refusal reports whether err says for certain that the order was not accepted.
func refusal(err error) bool {
	switch outcomeOf(order.Receipt{}, err) {
	case "key_reused", "sold_out", "unknown_product", "invalid":
		return true
	}
	return false
}
