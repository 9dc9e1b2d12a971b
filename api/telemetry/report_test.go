package telemetry_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/telemetry"
	"github.com/banyan-edge/banyan/api/telemetry/telemetrytest"
)

// report has one invocation tell, and returns what CloudWatch makes of it.
func report(t *testing.T, tell func(*telemetry.Report)) []telemetrytest.Line {
	var out bytes.Buffer
	r := telemetry.NewReporter(telemetry.ReporterOptions{Namespace: "Banyan/shop", Out: &out}).Begin()
	tell(r)
	r.End()
	lines, err := telemetrytest.Lines(out.String())
	require.NoError(t, err)
	return lines
}

func values(unit string, of ...float64) telemetrytest.Values {
	return telemetrytest.Values{Namespace: "Banyan/shop", Unit: unit, Of: of}
}

func TestReport_IsOneLineThatCloudWatchReads(t *testing.T) {
	lines := report(t, func(r *telemetry.Report) {
		r.Add(telemetry.OrdersWritten, 2)
		r.Add(telemetry.OrdersWritten, 3)
		r.Add(telemetry.OrdersRejected, 0)
		r.Most(telemetry.ConnectionsInUse, 2)
		r.Most(telemetry.ConnectionsInUse, 1)
		r.Took(telemetry.WriteLatency, 1500*time.Microsecond)
		r.Took(telemetry.WriteLatency, 2*time.Second)
	})
	require.Equal(t, []telemetrytest.Line{{"": {
		"OrdersWritten":    values("Count", 5),
		"OrdersRejected":   values("Count", 0),
		"ConnectionsInUse": values("Count", 2),
		"WriteLatency":     values("Milliseconds", 1.5, 2000),
	}}}, lines)
}

func TestReport_RefusalsAreCountedWithTheirKindAndWithout(t *testing.T) {
	lines := report(t, func(r *telemetry.Report) {
		r.Took(telemetry.AcceptLatency, time.Millisecond)
		r.Refused("sold_out")
	})
	require.Len(t, lines, 1)
	require.Equal(t, []float64{1}, lines[0][""]["OrdersRefused"].Of)
	require.Equal(t, []float64{1}, lines[0]["Kind=sold_out"]["OrdersRefused"].Of)
	require.Len(t, lines[0]["Kind=sold_out"], 1, "no other metric has a dimension to pay for")
}

func TestReport_ThatHasNothingToTellIsNoLine(t *testing.T) {
	require.Empty(t, report(t, func(*telemetry.Report) {}))
	silent := telemetry.NewReporter(telemetry.ReporterOptions{}).Begin()
	silent.Add(telemetry.OrdersWritten, 1)
	silent.End()
	nobody := new(telemetry.Report)
	nobody.Add(telemetry.OrdersWritten, 1)
	nobody.Refused("invalid")
	nobody.End()
}

func TestReport_HoldsNoMoreValuesThanALineMay(t *testing.T) {
	lines := report(t, func(r *telemetry.Report) {
		var all sync.WaitGroup
		for range telemetry.MaxValues + 50 {
			all.Go(func() {
				r.Took(telemetry.WriteLatency, time.Millisecond)
				r.Add(telemetry.OrdersWritten, 1)
			})
		}
		all.Wait()
	})
	require.Len(t, lines[0][""]["WriteLatency"].Of, telemetry.MaxValues)
	require.Equal(t, []float64{telemetry.MaxValues + 50}, lines[0][""]["OrdersWritten"].Of)
}

func TestMetrics_EachIsListedOnceWithAllThatAnAlarmNeeds(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range telemetry.Metrics {
		require.False(t, seen[m.Name], m.Name)
		seen[m.Name] = true
		require.NotEmpty(t, m.Unit, m.Name)
		require.NotEmpty(t, m.Stat, m.Name)
		require.True(t, strings.HasSuffix(m.Help, "."), m.Name)
		require.Contains(t, []telemetry.Function{telemetry.API, telemetry.Relay}, m.From)
	}
	require.LessOrEqual(t, len(telemetry.Metrics), 100, "what one line may hold")
}

func TestReadEMF_RefusesWhatCloudWatchWould(t *testing.T) {
	for why, line := range map[string]string{
		"no metadata":               `{"A":1}`,
		"no directive":              `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[]},"A":1}`,
		"seconds":                   `{"_aws":{"Timestamp":1700000000,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"A"}]}]},"A":1}`,
		"no value":                  `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"A"}]}]}}`,
		"text for a value":          `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"A"}]}]},"A":"1"}`,
		"a dimension without text":  `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["D"]],"Metrics":[{"Name":"A"}]}]},"A":1}`,
		"a unit that there is none": `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"A","Unit":"count"}]}]},"A":1}`,
		"no set of dimensions":      `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[],"Metrics":[{"Name":"A"}]}]},"A":1}`,
		"a member of its own":       `{"_aws":{"Timestamp":1700000000000,"Extra":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"A"}]}]},"A":1}`,
	} {
		_, err := telemetrytest.ReadEMF([]byte(line))
		require.Error(t, err, why)
	}
}
