package capacity

import (
	"cmp"
	"slices"
	"time"
)

// Bill is what AWS asks for the sale, and for a month of quiet days.
type Bill struct {
	Prices string     `json:"prices"` // when they were read
	Sale   []BillLine `json:"sale"`
	Month  []BillLine `json:"month"`
}

// BillLine is one line of a bill.
type BillLine struct {
	Price
	Units float64 `json:"units"`
}

// Cost is the line's amount in US dollars.
func (l BillLine) Cost() float64 { return l.Units * l.USD }

// Total is what lines come to in US dollars.
func Total(lines []BillLine) float64 {
	sum := 0.0
	for _, l := range lines {
		sum += l.Cost()
	}
	return sum
}

// What a bill assumes beside the plan.
const (
	daysAMonth     = 30
	kilobytesEach  = 40    // out of the edge for one request, on average
	logBytesEach   = 1_000 // of access and function logs for one request of the serverless arm
	tracedShare    = 0.05  // of requests that X-Ray records
	relayMemoryGB  = 0.25
	ownMetrics     = 10
	ownAlarms      = 12
	ownSecrets     = 2
	storedKBAnItem = 3 // of an order with its index entries
	queueCalls     = 1 + 2.0/SourceBatch
)

// bill adds up a sale, from the beginning of the watching to an empty queue, and
// a quiet month.
func bill(p Plan, r Result) Bill {
	warm := float64(p.Warm) * (p.For + p.Lead + 10*time.Minute).Seconds() * p.MemoryMB / 1024
	sale := p.usage(r.Accepted, p.Shoppers)
	if warm > 0 {
		sale = append(sale, BillLine{prices.warmTime, warm})
	}
	orders := p.QuietOrdersDay * daysAMonth
	month := append(p.usage(orders, p.QuietShoppersDay*daysAMonth), p.standing(orders)...)
	return Bill{Prices: PricesOf, Sale: sorted(sale), Month: sorted(month)}
}

// usage is what orders and shoppers cost, each time.
func (p Plan) usage(orders, shoppers float64) []BillLine {
	asked := shoppers*p.RequestsEach + orders
	answered := shoppers*p.ServerlessEach + orders
	batches := orders / SourceBatch
	queue := prices.queue
	if p.FIFO {
		queue = prices.fifo
	}
	return []BillLine{
		{prices.edgeRequest, asked},
		{prices.edgeOut, asked * kilobytesEach / 1e6},
		{prices.edgeFunction, 2 * asked}, // before and after
		{prices.edgeRead, 2 * asked},
		{prices.edgeFirewall, asked},
		{prices.api, answered},
		{prices.run, answered + batches},
		{prices.runTime, answered*p.Accept.Seconds()*p.MemoryMB/1024 + batches*p.writing(SourceBatch).Seconds()*relayMemoryGB},
		{queue, orders * queueCalls},
		{prices.write, orders * WritesAnOrder},
		{prices.read, answered},
		{prices.logs, answered * logBytesEach / 1e9},
		{prices.trace, answered * tracedShare},
	}
}

// standing is what a month costs whether or not somebody buys.
func (p Plan) standing(orders float64) []BillLine {
	stored := orders * storedKBAnItem / 1e6
	return []BillLine{
		{prices.firewallMonth, 1},
		{prices.storage, stored}, {prices.recovery, stored},
		{prices.metric, ownMetrics}, {prices.alarm, ownAlarms}, {prices.secret, ownSecrets},
	}
}

// sorted puts the dearest line first.
func sorted(lines []BillLine) []BillLine {
	slices.SortStableFunc(lines, func(a, b BillLine) int { return cmp.Compare(b.Cost(), a.Cost()) })
	return lines
}
