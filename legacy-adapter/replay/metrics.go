package replay

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"
)

type metrics struct {
	captured *prometheus.CounterVec
	outcomes *prometheus.CounterVec
	answer   prometheus.Histogram
	breaker  prometheus.Gauge
}

func newMetrics(r *Replay, registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		captured: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "banyan_captures_total", Help: "Requests to be captured, by what the shopper was told.",
		}, []string{"outcome"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "banyan_replay_outcomes_total", Help: "Sendings and lookups of captured requests, by where the request stands then.",
		}, []string{"state"}),
		answer: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "banyan_replay_answer_seconds", Help: "Time that legacy took to answer a captured request.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 16),
		}),
		breaker: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "banyan_replay_breaker_state", Help: "The breaker: 0 closed, 1 half-open, 2 open (the queue is left alone).",
		}),
	}
	for _, outcome := range []string{toldAnswer, toldLater, toldGone, refusedKey, refusedBad, refusedSize, refusedStore} {
		m.captured.WithLabelValues(outcome)
	}
	for state := Waiting; state <= Dead; state++ {
		if state != Sending {
			m.outcomes.WithLabelValues(state.String())
		}
	}
	if registerer == nil {
		return m, nil
	}
	inHand := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "banyan_replay_in_hand", Help: "Captured requests being sent or looked up.",
	}, func() float64 { return float64(r.hands.count()) })
	held := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "banyan_replay_shoppers_waiting", Help: "Captured requests whose shoppers wait for legacy's answer.",
	}, func() float64 { return float64(r.hub.count()) })
	for _, c := range []prometheus.Collector{m.captured, m.outcomes, m.answer, m.breaker, inHand, held} {
		if err := registerer.Register(c); err != nil {
			return nil, fmt.Errorf("replay: register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) breakerChanged(s gobreaker.State) { m.breaker.Set(float64(s)) }

// Status is how the replay stands, for the console.
type Status struct {
	Breaker string    `json:"breaker"` // closed, half-open or open
	Since   time.Time `json:"since"`
	InHand  int       `json:"in_hand"` // being sent or looked up
	Held    int       `json:"held"`    // whose shoppers wait
}

// Status returns how the replay stands now.
func (r *Replay) Status() Status {
	state, since, _ := r.breaker.state()
	return Status{state.String(), since, r.hands.count(), r.hub.count()}
}
