package telemetry

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
)

// MaxValues is how many values of one metric a line may hold (CloudWatch's
// limit); further ones are left out.
const MaxValues = 100

// ReporterOptions make a Reporter.
type ReporterOptions struct {
	// Namespace is whose metrics these are, Banyan/NAME; empty: none are told.
	Namespace string
	Out       io.Writer        // required where there is a namespace
	Now       func() time.Time // zero: time.Now
}

// Reporter writes a line of metrics an invocation.
type Reporter struct {
	o  ReporterOptions
	mu sync.Mutex // a line is written as a whole
}

// NewReporter returns a reporter; nothing is written until a report ends.
func NewReporter(o ReporterOptions) *Reporter {
	if o.Namespace != "" && o.Out == nil {
		panic("telemetry: a namespace without an Out")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reporter{o: o}
}

// Begin returns the report of one invocation.
func (r *Reporter) Begin() *Report { return &Report{to: r} }

// Report is what one invocation has to tell. It may be added to from many
// goroutines. The zero value is one that nobody reads.
type Report struct {
	to *Reporter

	mu     sync.Mutex
	values []value
	kind   string
}

type value struct {
	name string
	unit Unit
	of   []float64
}

// Add adds to a metric that is a sum over the invocation. Adding nothing tells
// that there was none.
func (r *Report) Add(name string, n int) {
	r.tell(name, func(v *value) {
		if len(v.of) == 0 {
			v.of = []float64{0}
		}
		v.of[0] += float64(n)
	})
}

// Most tells the largest of the values given.
func (r *Report) Most(name string, n float64) {
	r.tell(name, func(v *value) {
		if len(v.of) == 0 {
			v.of = []float64{n}
		}
		v.of[0] = max(v.of[0], n)
	})
}

// Took tells a time in the metric's unit; each is a value of its own.
func (r *Report) Took(name string, d time.Duration) {
	r.tell(name, func(v *value) {
		n := float64(d.Microseconds()) / 1e3
		if v.unit == Seconds {
			n = d.Seconds()
		}
		if len(v.of) < MaxValues {
			v.of = append(v.of, n)
		}
	})
}

// Refused tells of a checkout that was refused, and why.
func (r *Report) Refused(kind string) {
	r.Add(OrdersRefused, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kind = kind
}

func (r *Report) tell(name string, change func(*value)) {
	if r.to == nil || r.to.o.Namespace == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.values, func(v value) bool { return v.name == name })
	if i < 0 {
		i = len(r.values)
		r.values = append(r.values, value{name: name, unit: unitOf(name)})
	}
	change(&r.values[i])
}

// End writes the line, if there is something to tell. A line that cannot be
// written is lost: no order is to fail for its number.
func (r *Report) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.values) == 0 {
		return
	}
	line, err := json.Marshal(r.document())
	if err != nil {
		return
	}
	r.to.mu.Lock()
	defer r.to.mu.Unlock()
	_, _ = r.to.o.Out.Write(append(line, '\n'))
	r.values = nil
}
