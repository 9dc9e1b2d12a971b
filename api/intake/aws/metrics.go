package aws

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what the store answers, what it sends, and what it had to
// repeat.
type metrics struct {
	orders  *prometheus.CounterVec
	sends   *prometheus.CounterVec
	repeats *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	m := &metrics{
		orders:  counter("banyan_intake_orders_total", "Orders that asked to be accepted, by outcome.", "outcome"),
		sends:   counter("banyan_intake_sends_total", "Orders sent to the queue, by outcome.", "outcome"),
		repeats: counter("banyan_intake_repeats_total", "Transactions done again, by cause.", "cause"),
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.orders), reg.Register(m.sends), reg.Register(m.repeats))
}

func (m *metrics) accepted(outcome string) { m.orders.WithLabelValues(outcome).Inc() }
func (m *metrics) sent(outcome string)     { m.sends.WithLabelValues(outcome).Inc() }
func (m *metrics) repeated(cause string)   { m.repeats.WithLabelValues(cause).Inc() }
