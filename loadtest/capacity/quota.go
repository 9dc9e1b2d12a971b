package capacity

import (
	"cmp"
	"slices"
	"time"
)

// The rules of Banyan that the simulation plays; a test holds them to the code.
const (
	RelayBatch    = 100 // orders in one transaction of the relay as a process (relay.DefaultBatchSize)
	SourceBatch   = 10  // orders that an event source brings at once (cloudformation/legacy-adapter.yaml)
	WritesAnOrder = 16  // write units of an accepted order with its settlement (api/intake/aws)
	ShardRate     = 100 // orders a second that one counter of a SKU takes calmly (api/intake/aws)
	MessageOrder  = 0.6 // KB of a queued order
)

// AWS's quotas, as they are before anybody asks for more. All in us-east-1.
const (
	APIRate           = 10_000           // requests a second of an account's HTTP APIs (API Gateway quotas)
	APIBurstShare     = 0.5              // tokens of that throttle, as a share of its rate
	ScaleStep         = 1_000            // environments that a function gets at most (Lambda scaling rate)
	ScaleEvery        = 10 * time.Second // in this time
	TableStartWrites  = 4_000            // write units a second of a new on-demand table (DynamoDB on-demand mode)
	TableWrites       = 40_000           // of any table, unless it was raised
	PartitionWrites   = 1_000            // of one partition, and so of one counter
	SourceConcurrency = 1_000            // of an event source at most; 2 at least
	QueueInFlight     = 120_000          // messages that are received and not yet deleted
	QueueFIFO         = 70_000           // messages a second into a FIFO queue in high-throughput mode, unbatched
	FunctionRuns      = 10               // invocations a second for each environment of the account's concurrency
)

// Need is how much of a quota a sale needs.
type Need struct {
	Quota string  `json:"quota"`
	Need  float64 `json:"need"`
	Limit float64 `json:"limit"`
	Unit  string  `json:"unit"`
	Do    string  `json:"do"` // what to do where it is too little
}

// Share is how much of the quota is used; above 1 it is hit.
func (n Need) Share() float64 { return n.Need / n.Limit }

// needs lists the quotas of AWS, the one that is hit first first.
func (p Plan) needs(peak peaks) []Need {
	fifo := Need{"SQS FIFO messages", peak.accepted, QueueFIFO, "a second",
		"take a standard queue (QueueKind of api.yaml), which gives up each customer's sequence"}
	needs := []Need{
		{"API Gateway requests", peak.requests, p.APIRate, "a second", "ask for a higher throttle in Service Quotas, a week before"},
		{"Lambda concurrency", peak.wanted, float64(p.Concurrency), "environments", "ask for more concurrency, or make accepting quicker"},
		{"Lambda scaling", peak.growth, ScaleStep, "environments in 10 s", "keep environments warm for the sale (SaleConcurrency of api.yaml)"},
		{"Lambda invocations", peak.requests, FunctionRuns * float64(p.Concurrency), "a second", "ask for more concurrency"},
		{"DynamoDB table, at the start", peak.writes, p.WarmWrites, "write units a second", "warm the table up (WarmWritesPerSecond of api.yaml)"},
		{"DynamoDB table", peak.writes, p.TableWrites, "write units a second", "ask for a higher table quota"},
		{"DynamoDB counters of the hot SKU", peak.accepted, float64(p.Shards) * ShardRate, "orders a second", "spread its stock over more shards, or over more SKUs"},
		{"SQS in flight", float64(p.relayWorkers() * p.batch()), QueueInFlight, "messages", "nothing: the budget keeps it low"},
		{"Event source concurrency", float64(p.Connections), SourceConcurrency, "batches", "take several connections an environment (ConnectionsEach of legacy-adapter.yaml)"},
	}
	if p.FIFO {
		needs = append(needs, fifo)
	}
	slices.SortStableFunc(needs, func(a, b Need) int { return cmp.Compare(b.Share(), a.Share()) })
	return needs
}
