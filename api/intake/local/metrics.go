package local

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what the store answers and how it shares its transactions.
type metrics struct {
	orders  *prometheus.CounterVec
	commits prometheus.Histogram
	batches prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		orders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "banyan_intake_orders_total",
			Help: "Orders that asked to be accepted, by outcome.",
		}, []string{"outcome"}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "banyan_intake_commit_seconds",
			Help:    "Time from the first operation of a transaction to its commit.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14),
		}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "banyan_intake_commit_operations",
			Help:    "Operations in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.orders), reg.Register(m.commits), reg.Register(m.batches))
}

func (m *metrics) accepted(outcome string) { m.orders.WithLabelValues(outcome).Inc() }

func (m *metrics) committed(operations int, took time.Duration) {
	m.commits.Observe(took.Seconds())
	m.batches.Observe(float64(operations))
}
