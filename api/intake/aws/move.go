package aws

import (
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// held is how many units of a SKU an order holds in one shard. It is kept with
// the order, so that they are sold from, or given back to, where they are.
type held struct {
	SKU   string `dynamodbav:"sku"`
	Shard int    `dynamodbav:"shard"`
	Units int    `dynamodbav:"units"`
}

// move is what a transaction adds to the counts of one shard.
type move struct {
	sku   string
	shard int

	avail, held, sold    int
	onHand, shards, debt int // of the SKU's own item only

	// turn, where it is set, must be the item's turn and is ended by the move.
	turn *int
}

// moves are the moves of one transaction, one for each item.
type moves struct{ all []*move }

func (m *moves) at(sku string, shard int) *move {
	for _, one := range m.all {
		if one.sku == sku && one.shard == shard {
			return one
		}
	}
	one := &move{sku: sku, shard: shard}
	m.all = append(m.all, one)
	return one
}

// hold promises units to an order.
func (m *moves) hold(h held) {
	one := m.at(h.SKU, h.Shard)
	one.avail -= h.Units
	one.held += h.Units
}

// sell ends a hold with a sale.
func (m *moves) sell(h held) {
	one := m.at(h.SKU, h.Shard)
	one.held -= h.Units
	one.sold += h.Units
}

// sellUnheld counts a sale whose hold had been given back.
func (m *moves) sellUnheld(h held) { m.at(h.SKU, h.Shard).sold += h.Units }

// release ends a hold without a sale.
func (m *moves) release(h held) { m.at(h.SKU, h.Shard).held -= h.Units }

// writes returns the moves as writes. What takes available units takes none
// that are not there.
func (m *moves) writes(s *Store) []types.TransactWriteItem {
	all := make([]types.TransactWriteItem, len(m.all))
	for i, one := range m.all {
		all[i] = one.write(s)
	}
	return all
}

func (m *move) write(s *Store) types.TransactWriteItem {
	numbers := map[string]int{
		"avail": m.avail, "held": m.held, "sold": m.sold,
		"on_hand": m.onHand, "shards": m.shards, "debt": m.debt,
	}
	if m.turn != nil {
		numbers["turn"] = 1
	}
	w := s.add(stockKey(m.sku, m.shard), numbers)
	var conditions []string
	if m.avail < 0 {
		conditions = append(conditions, "avail >= :taken")
		w.Update.ExpressionAttributeValues[":taken"] = number(-m.avail)
	}
	if m.turn != nil {
		conditions = append(conditions, "turn = :seen")
		w.Update.ExpressionAttributeValues[":seen"] = number(*m.turn)
	}
	if len(conditions) > 0 {
		w.Update.ConditionExpression = sdk.String(strings.Join(conditions, " AND "))
	}
	return w
}
