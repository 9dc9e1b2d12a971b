package proxy

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"github.com/banyan-edge/banyan/edge/route"
)

// metrics counts what the edge does. All label values are resolved beforehand:
// a request costs two atomic additions and no look-up.
type metrics struct {
	requests  [2][6]prometheus.Counter // by arm and by the status's first digit
	took      [2]prometheus.Observer
	fallbacks [len(causes)]prometheus.Counter
	breakers  *prometheus.GaugeVec
	refusals  [len(refusalReasons)]prometheus.Counter
}

// refusalReason is why a viewer was turned away before the table was asked.
type refusalReason uint8

const (
	refusedFraming refusalReason = iota // the head is not one, or can be read in two ways
	refusedSize                         // the head is larger than the limits
	refusedFull                         // there are as many connections as there may be
	refusedBusy                         // there are as many requests in hand as there may be
)

var refusalReasons = [...]string{"framing", "size", "connections", "requests"}

// refused counts a viewer that was turned away.
func (m *metrics) refused(r refusalReason) { m.refusals[r].Inc() }

// classes are the words for a status's first digit.
var classes = [6]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// newMetrics registers the metrics; without a registerer they count for nobody.
func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "banyan_requests_total", Help: "Requests answered, by the arm that answered and the class of its status.",
	}, []string{"arm", "class"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "banyan_request_duration_seconds", Help: "Time from request to the end of its answer, upgrades and event streams left out.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"arm"})
	fallbacks := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "banyan_fallbacks_total", Help: "Reads that legacy answered in the serverless arm's place, by cause.",
	}, []string{"cause"})
	breakers := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "banyan_breaker_state", Help: "State of an arm's breaker: 0 closed, 1 half-open, 2 open.",
	}, []string{"arm"})
	refusals := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "banyan_refusals_total", Help: "Requests and connections refused before the table was asked, by reason.",
	}, []string{"reason"})
	if registerer != nil {
		for _, collector := range []prometheus.Collector{requests, took, fallbacks, breakers, refusals} {
			if err := registerer.Register(collector); err != nil {
				return nil, fmt.Errorf("proxy: register metrics: %w", err)
			}
		}
	}
	m := &metrics{breakers: breakers}
	for _, arm := range []route.Arm{route.Legacy, route.Serverless} {
		m.took[arm] = took.WithLabelValues(arm.String())
		for i, class := range classes {
			m.requests[arm][i] = requests.WithLabelValues(arm.String(), class)
		}
	}
	for i, reason := range refusalReasons {
		m.refusals[i] = refusals.WithLabelValues(reason)
	}
	for _, c := range []cause{unreached, tooLate, broken, badStatus, breakerOpen} {
		m.fallbacks[c] = fallbacks.WithLabelValues(c.String())
	}
	return m, nil
}

// answered counts an exchange that has ended.
func (m *metrics) answered(e *entry) {
	class := e.status / 100
	if class < 0 || class >= len(classes) {
		class = 0
	}
	m.requests[e.arm][class].Inc()
	if !e.endless {
		m.took[e.arm].Observe(e.took.Seconds())
	}
}

// fellBack counts a read that legacy answers in the other arm's place.
func (m *metrics) fellBack(c cause) {
	if counter := m.fallbacks[c]; counter != nil {
		counter.Inc()
	}
}

// breaker shows the state of an arm's breaker.
func (m *metrics) breaker(arm route.Arm, state gobreaker.State) {
	m.breakers.WithLabelValues(arm.String()).Set(float64(state))
}
