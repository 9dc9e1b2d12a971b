package capacity

import (
	"math"
	"time"
)

// gate lets orders in, or tells them to come back.
type gate interface {
	// admit returns how many of n orders that come within a tick are accepted.
	admit(now time.Duration, n float64) float64
	// load is how many environments are at work, and how many were made within
	// the last scaling step.
	load() (busy, growth float64)
}

// machine is Banyan on one machine: it accepts so many a second.
type machine struct {
	rate    float64
	refused *Refusals
}

func (m *machine) admit(_ time.Duration, n float64) float64 {
	in := min(n, m.rate*tick.Seconds())
	m.refused.Machine += n - in
	return in
}

func (m *machine) load() (busy, growth float64) { return 0, 0 }

// cloud is API Gateway, Lambda and DynamoDB in front of the queue.
type cloud struct {
	plan    Plan
	refused *Refusals

	tokens float64 // of API Gateway's throttle

	ready, busy float64       // environments there are, and at work
	ends        []lump        // when how many of those end their work
	step        time.Duration // when the present scaling step began
	made        float64       // environments made within it
	wanted      float64       // that would have been made within it

	writes float64 // units a second that the table takes now
	peak   float64 // highest that it took so far
}

func newCloud(p Plan, refused *Refusals) *cloud {
	return &cloud{plan: p, refused: refused, tokens: p.APIRate * APIBurstShare, ready: float64(p.Warm), writes: max(p.WarmWrites, TableStartWrites)}
}

func (c *cloud) load() (busy, growth float64) { return c.busy, c.wanted }

// admit plays the three in the order in which a request meets them. What a
// shopper looks at on the serverless arm takes its part of the first two.
func (c *cloud) admit(now time.Duration, n float64) float64 {
	extra := c.plan.requests(n)
	in := c.throttle(extra)
	c.refused.Throttle += (extra - in) / extra * n
	ran := c.run(now, in)
	c.refused.Environment += (in - ran) / extra * n
	orders := ran / extra * n
	kept := c.store(orders)
	c.refused.Table += orders - kept
	return kept
}

// throttle is API Gateway's token bucket.
func (c *cloud) throttle(n float64) float64 {
	c.tokens = min(c.plan.APIRate*APIBurstShare, c.tokens+c.plan.APIRate*tick.Seconds())
	in := min(n, c.tokens)
	c.tokens -= in
	return in
}

// run is Lambda: a free environment, or a new one as long as there may be more,
// or none. A new one takes longer at first.
func (c *cloud) run(now time.Duration, n float64) float64 {
	for len(c.ends) > 0 && c.ends[0].at <= now {
		c.busy -= c.ends[0].n
		c.ends = c.ends[1:]
	}
	if now-c.step >= ScaleEvery {
		c.step, c.made, c.wanted = now, 0, 0
	}
	// The fewer environments an order needs at a time, the more orders one
	// environment takes within a tick.
	each := c.plan.Accept.Seconds() / tick.Seconds()
	need := n
	if each < 1 {
		need = n * each
	}
	free := c.ready - c.busy
	fresh := max(0, need-free)
	c.wanted += fresh
	fresh = min(fresh, ScaleStep-c.made, float64(c.plan.Concurrency)-c.ready)
	fresh = max(0, fresh)
	c.made += fresh
	c.ready += fresh
	used := min(need, free+fresh)
	c.busy += used
	c.end(now+c.plan.Accept, used-fresh)
	c.end(now+c.plan.Accept+c.plan.Cold, fresh)
	if need == 0 {
		return 0
	}
	return n * used / need
}

// end notes when environments are free again; the times rise but for those of
// new ones, which are put in their place.
func (c *cloud) end(at time.Duration, n float64) {
	if n <= 0 {
		return
	}
	i := len(c.ends)
	for i > 0 && c.ends[i-1].at > at {
		i--
	}
	c.ends = append(c.ends, lump{})
	copy(c.ends[i+1:], c.ends[i:])
	c.ends[i] = lump{at, n}
}

// store is DynamoDB: an on-demand table takes up to double its highest peak so
// far, and no more than its quota; the counters of the hot SKU take what they
// take.
func (c *cloud) store(n float64) float64 {
	limit := min(c.writes, c.plan.TableWrites) / WritesAnOrder
	limit = min(limit, float64(c.plan.Shards)*PartitionWrites/2)
	in := min(n, limit*tick.Seconds())
	if took := in / tick.Seconds() * WritesAnOrder; took > c.peak {
		c.peak = took
		c.writes = math.Max(c.writes, min(c.plan.TableWrites, 2*took))
	}
	return in
}
