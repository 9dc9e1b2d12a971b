package intake

import "context"

// Moment is legacy as it was at one moment: the moment of the first question.
// Whatever is written there later, later answers do not see it.
type Moment interface {
	// Stock returns how many units legacy has on hand, by SKU.
	Stock(ctx context.Context) (map[string]int, error)
	// Has reports which of the orders are in legacy.
	Has(ctx context.Context, ids []string) (map[string]bool, error)
}
