package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
)

// Version is the form of the JSON. Another one is refused.
const Version = 1

// Report is a whole rehearsal.
type Report struct {
	Version int           `json:"version"`
	Began   time.Time     `json:"began"`
	Took    time.Duration `json:"took"`
	Command string        `json:"command"`

	Product string           `json:"product"` // that everybody wanted
	Plan    rehearsal.Plan   `json:"plan"`
	Setup   Setup            `json:"setup"`
	Shape   string           `json:"shape,omitempty"` // of the log, in words
	Machine Machine          `json:"machine"`
	Runs    []*rehearsal.Run `json:"runs"`
	Backlog *rehearsal.Run   `json:"backlog,omitempty"` // a queue that was piled up and let go
	Paper   *Paper           `json:"paper,omitempty"`
	Verdict Verdict          `json:"verdict"`
}

// Setup is what the runs were played on.
type Setup struct {
	Database    string        `json:"database"` // SQLite, PostgreSQL, or where it is
	Connections int           `json:"connections"`
	Latency     time.Duration `json:"latency"` // of a transaction that writes orders
	Target      string        `json:"target,omitempty"`
}

// Verdict is the end of it all.
type Verdict struct {
	Clean    bool     `json:"clean"`
	Judged   bool     `json:"judged"` // whether everything could be looked up
	Sentence string   `json:"sentence"`
	Faults   []string `json:"faults,omitempty"`
}

// Run returns the run of a way; nil where it was not played.
func (r *Report) Run(w rig.Way) *rehearsal.Run {
	for _, run := range r.Runs {
		if run.Way == w {
			return run
		}
	}
	return nil
}

// all are the runs and the queue that was let go.
func (r *Report) all() []*rehearsal.Run {
	if r.Backlog == nil {
		return r.Runs
	}
	return append(slices.Clone(r.Runs), r.Backlog)
}

// Judge writes the verdict over all runs.
func (r *Report) Judge() {
	v := Verdict{Clean: true, Judged: len(r.Runs) > 0}
	var accepted int64
	for _, run := range r.all() {
		switch {
		case run.Verdict == nil:
			v.Judged = false
		case !run.Verdict.Clean:
			v.Clean = false
			v.Faults = append(v.Faults, fmt.Sprintf("%s: %s", run.Title, run.Verdict))
		default:
			accepted += run.Verdict.Accepted
		}
		if most := r.Setup.Connections; most > 0 && run.MostHeld > most {
			v.Clean = false
			v.Faults = append(v.Faults, fmt.Sprintf("%s: the database had %d connections, and %d are allowed", run.Title, run.MostHeld, most))
		}
		if l := run.Ledger; l != nil && (l.Dead > 0 || !l.Balanced) {
			v.Clean = false
			v.Faults = append(v.Faults, fmt.Sprintf("%s: %d dead letters, ledger balanced: %t", run.Title, l.Dead, l.Balanced))
		}
	}
	switch {
	case !v.Clean:
		v.Sentence = "Not everything is as shoppers were told."
	case !v.Judged:
		v.Sentence = "Nothing wrong was seen, but not everything was looked up."
	default:
		v.Sentence = fmt.Sprintf("Every one of the %s accepted orders is in the legacy database, exactly once, with the right amount, and stock fits.", Count(float64(accepted)))
	}
	r.Verdict = v
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// ErrNoReport: what was read is not a report.
var ErrNoReport = errors.New("this is no report of banyan sale")

// maxReportBytes bounds what Read takes.
const maxReportBytes = 256 << 20

// Read reads a report that WriteJSON wrote.
func Read(from io.Reader) (*Report, error) {
	r := new(Report)
	if err := json.NewDecoder(io.LimitReader(from, maxReportBytes)).Decode(r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	if r.Version != Version || len(r.Runs) == 0 {
		return nil, fmt.Errorf("%w: version %d with %d runs", ErrNoReport, r.Version, len(r.Runs))
	}
	return r, nil
}
