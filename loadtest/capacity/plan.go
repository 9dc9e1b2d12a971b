package capacity

import (
	"errors"
	"fmt"
	"time"
)

// Target is where the sale happens.
type Target string

// The targets.
const (
	AWS   Target = "aws"
	Local Target = "local"
)

// Plan is a sale as it is expected. A zero field takes the default that its
// comment gives.
type Plan struct {
	Target Target `json:"target"` // aws

	Rate  float64       `json:"rate"`  // orders a second before and after the spike, 5
	Spike float64       `json:"spike"` // orders a second during the spike, 500
	For   time.Duration `json:"for"`   // how long the spike lasts, 10 minutes
	Lead  time.Duration `json:"lead"`  // how long before it the sale is watched, 1 minute
	Ramp  time.Duration `json:"ramp"`  // how long the rate takes from one to the other; 0: at once

	Shoppers         float64 `json:"shoppers"`           // who come during the spike, 10 for each order
	RequestsEach     float64 `json:"requests_each"`      // what each of them asks the edge for, 20
	ServerlessEach   float64 `json:"serverless_each"`    // how many of those the serverless arm answers beside orders, 2
	QuietOrdersDay   float64 `json:"quiet_orders_day"`   // orders on a quiet day, 1,000
	QuietShoppersDay float64 `json:"quiet_shoppers_day"` // shoppers on one, 30 for each order

	Connections int           `json:"connections"` // the budget, 25
	WriteOrder  time.Duration `json:"write_order"` // what one order costs legacy within a batch, 5 ms
	WriteBatch  time.Duration `json:"write_batch"` // what a batch costs beside its orders, 0

	Accept      time.Duration `json:"accept"`       // how long a function takes to accept an order, 50 ms
	Cold        time.Duration `json:"cold"`         // how much longer in a new environment, 150 ms
	MemoryMB    float64       `json:"memory_mb"`    // of the API's function, 512
	Concurrency int           `json:"concurrency"`  // environments that the account gives it, 1,000
	Warm        int           `json:"warm"`         // of them, kept warm for the sale
	WarmWrites  float64       `json:"warm_writes"`  // write units a second that the table is made ready for, 4,000
	TableWrites float64       `json:"table_writes"` // write units a second that the account gives a table, 40,000
	APIRate     float64       `json:"api_rate"`     // requests a second that the account gives HTTP APIs, 10,000; bursts are half of it
	FIFO        bool          `json:"fifo"`         // whether the queue keeps each customer's sequence
	Shards      int           `json:"shards"`       // over how many counters the hot SKU is spread, 32

	// AcceptPerSecond is what one machine accepts, durable; measured. Only for
	// Local, 10,000.
	AcceptPerSecond float64 `json:"accept_per_second,omitempty"`
	// Workers is how many batches the relay has in hand at once; 0: Connections.
	// Only for Local: a Lambda relay has one an environment.
	Workers int `json:"workers,omitempty"`
}

// Limits of a Plan.
const (
	MaxRate        = 1e6            // orders a second
	MaxFor         = 24 * time.Hour // of a spike
	MaxConnections = 10_000
)

// WithDefaults returns the plan with zero fields filled in.
func (p Plan) WithDefaults() Plan {
	fill(&p.Target, AWS)
	fill(&p.Rate, 5)
	fill(&p.Spike, 500)
	fill(&p.For, 10*time.Minute)
	fill(&p.Lead, time.Minute)
	fill(&p.Shoppers, 10*p.Spike*p.For.Seconds())
	fill(&p.RequestsEach, 20)
	fill(&p.ServerlessEach, 2)
	fill(&p.QuietOrdersDay, 1000)
	fill(&p.QuietShoppersDay, 30*p.QuietOrdersDay)
	fill(&p.Connections, 25)
	fill(&p.WriteOrder, 5*time.Millisecond)
	fill(&p.Accept, 50*time.Millisecond)
	fill(&p.Cold, 150*time.Millisecond)
	fill(&p.MemoryMB, 512)
	fill(&p.Concurrency, 1000)
	fill(&p.WarmWrites, TableStartWrites)
	fill(&p.TableWrites, max(TableWrites, p.WarmWrites))
	fill(&p.APIRate, APIRate)
	fill(&p.Shards, 32)
	fill(&p.AcceptPerSecond, 10_000)
	return p
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// ErrPlan says that a plan cannot be played.
var ErrPlan = errors.New("this sale cannot be played")

// Check returns an error that wraps ErrPlan where the plan makes no sense.
func (p Plan) Check() error {
	for _, c := range []struct {
		wrong bool
		what  string
	}{
		{p.Target != AWS && p.Target != Local, fmt.Sprintf("the target is %q, not aws or local", p.Target)},
		{p.Rate < 0 || p.Rate > MaxRate || p.Spike <= 0 || p.Spike > MaxRate, fmt.Sprintf("rates are from 0 to %.0f orders a second", float64(MaxRate))},
		{p.For <= 0 || p.For > MaxFor, fmt.Sprintf("the spike lasts up to %v", MaxFor)},
		{p.Lead < 0 || p.Lead > MaxFor || p.Ramp < 0 || p.Ramp > p.For, "lead and ramp are not below zero, and the ramp is no longer than the spike"},
		{p.Connections < 1 || p.Connections > MaxConnections, fmt.Sprintf("the budget is 1 to %d connections", MaxConnections)},
		{p.WriteOrder <= 0 || p.WriteBatch < 0, "writing an order takes some time"},
		{p.Accept <= 0 || p.Cold < 0 || p.MemoryMB < 128, "accepting an order takes some time, and 128 MB at least"},
		{p.Concurrency < 1 || p.Warm < 0 || p.Warm > p.Concurrency, "the environments kept warm are some of those that the account gives"},
		{p.WarmWrites < 0 || p.TableWrites < p.WarmWrites || p.APIRate <= 0, "the table is warmed up to no more than its quota, and the API takes something"},
		{p.Shards < 1 || p.Workers < 0 || p.AcceptPerSecond <= 0, "shards are 1 or more, workers 0 or more, and something is accepted a second"},
	} {
		if c.wrong {
			return fmt.Errorf("%w: %s", ErrPlan, c.what)
		}
	}
	return nil
}

// rateAt is how many orders a second shoppers try to place at a time of the
// sale, which begins when the watching does.
func (p Plan) rateAt(t time.Duration) float64 {
	since, left := t-p.Lead, p.Lead+p.For-t
	if since < 0 || left <= 0 {
		return p.Rate
	}
	if p.Ramp > 0 {
		rise := min(1, min(since.Seconds(), left.Seconds())/p.Ramp.Seconds())
		return p.Rate + (p.Spike-p.Rate)*rise
	}
	return p.Spike
}

// relayWorkers is how many batches are written at once. A Lambda relay has one
// connection an environment; the event source's concurrency is 2 to 1,000.
func (p Plan) relayWorkers() int {
	if p.Target == AWS {
		return min(p.Connections, SourceConcurrency)
	}
	if p.Workers > 0 {
		return min(p.Workers, p.Connections)
	}
	return p.Connections
}

// batch is how many orders the relay writes in one transaction.
func (p Plan) batch() int {
	if p.Target == AWS {
		return SourceBatch
	}
	return RelayBatch
}

// writing is how long a batch of n orders holds its connection.
func (p Plan) writing(n int) time.Duration { return p.WriteBatch + time.Duration(n)*p.WriteOrder }

// DrainRate is how many orders a second the relay writes at most.
func (p Plan) DrainRate() float64 {
	n := p.batch()
	return float64(p.relayWorkers()*n) / p.writing(n).Seconds()
}
