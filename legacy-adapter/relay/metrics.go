package relay

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"github.com/banyan-edge/banyan/api/order"
)

type metrics struct {
	dispositions *prometheus.CounterVec
	batches      prometheus.Histogram
	breaker      prometheus.Gauge
}

// newMetrics registers the relay's metrics, and its budget's unless another
// relay on the same budget already has.
func newMetrics(r *Relay, reg prometheus.Registerer, budget *Budget) metrics {
	m := metrics{
		dispositions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "banyan_relay_dispositions_total",
			Help: "Deliveries of orders to legacy by what became of them.",
		}, []string{"disposition"}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "banyan_relay_batch_seconds",
			Help:    "Time that legacy took for one batch of orders.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 16),
		}),
		breaker: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "banyan_relay_breaker_state",
			Help: "The breaker: 0 closed, 1 half-open, 2 open (the queue is left alone).",
		}),
	}
	for d := order.DispositionWritten; d <= order.DispositionRejected; d++ {
		m.dispositions.WithLabelValues(d.String()) // shown as 0 from the start
	}
	if reg == nil {
		return m
	}
	inHand := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "banyan_relay_in_hand",
		Help: "Orders received from the queue and not yet settled.",
	}, func() float64 { return float64(r.inHand.Load()) })
	reg.MustRegister(m.dispositions, m.batches, m.breaker, inHand)
	if err := reg.Register(budget); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
		panic(err)
	}
	return m
}

func (m metrics) breakerChanged(s gobreaker.State) { m.breaker.Set(float64(s)) }
