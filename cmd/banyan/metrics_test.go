package main

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/telemetry"
	"github.com/banyan-edge/banyan/cloudformation"
)

// namespace is where the functions' numbers are, as the stacks write it.
const namespace = "Banyan/${Name}"

// TestMetrics_OpsLooksAtWhatTheFunctionsTell: whichever way numbers are made,
// each that ops looks at is made once, under the name that it has in the code;
// and what a function tells is looked at.
func TestMetrics_OpsLooksAtWhatTheFunctionsTell(t *testing.T) {
	told := map[string]bool{}
	for _, m := range telemetry.Metrics {
		told[m.Name] = true
	}
	filtered, looked := filteredMetrics(t), lookedAt(t)
	require.NotEmpty(t, looked)
	for name := range filtered {
		require.Contains(t, told, name, "one word for one thing")
	}
	if !functionsTell(t) {
		for name := range looked {
			require.Contains(t, filtered, name, "nothing makes this number")
		}
		return
	}
	require.Empty(t, filtered, "the functions tell these too: they would count twice")
	require.Equal(t, slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(looked)))
}

// functionsTell reports whether the stacks have the functions write metrics:
// both or neither, and into the namespace that ops looks at.
func functionsTell(t *testing.T) bool {
	var found []any
	for _, name := range entries {
		d := stack(t, name)
		variables := cloudformation.Section(d, "Resources", "Function", "Properties", "Environment", "Variables")
		found = append(found, cloudformation.Get(variables, "BANYAN_METRICS", "Fn::Sub"))
		// A log format of JSON may hold the lines back by level; see api/telemetry.
		logging := cloudformation.Section(d, "Resources", "Function", "Properties", "LoggingConfig")
		require.Contains(t, []any{nil, "Text"}, cloudformation.Get(logging, "LogFormat"), name)
	}
	require.Len(t, found, 2)
	require.Equal(t, found[0], found[1])
	require.Contains(t, []any{nil, namespace}, found[0])
	return found[0] != nil
}

// filteredMetrics are the numbers that ops makes of log lines.
func filteredMetrics(t *testing.T) map[string]bool {
	found := map[string]bool{}
	for _, resource := range opsResources(t, "AWS::Logs::MetricFilter") {
		for _, m := range cloudformation.Get(resource, "Properties", "MetricTransformations").([]any) {
			found[cloudformation.Get(m.(cloudformation.Document), "MetricName").(string)] = true
		}
	}
	return found
}

func opsResources(t *testing.T, kind string) (found []cloudformation.Document) {
	for _, item := range cloudformation.Section(stack(t, "ops"), "Resources") {
		if d := item.Value.(cloudformation.Document); cloudformation.Get(d, "Type") == kind {
			found = append(found, d)
		}
	}
	return found
}

// lookedAt are the functions' numbers that an alarm or the dashboard is about.
func lookedAt(t *testing.T) map[string]bool {
	found := map[string]bool{}
	for _, alarm := range opsResources(t, "AWS::CloudWatch::Alarm") {
		if cloudformation.Get(alarm, "Properties", "Namespace", "Fn::Sub") == namespace {
			found[cloudformation.Get(alarm, "Properties", "MetricName").(string)] = true
		}
	}
	require.Contains(t, found, telemetry.LedgerDifference, "the search finds alarms")
	for _, dashboard := range opsResources(t, "AWS::CloudWatch::Dashboard") {
		var body struct {
			Widgets []struct {
				Properties struct {
					Metrics [][]any `json:"metrics"`
				} `json:"properties"`
			} `json:"widgets"`
		}
		text := cloudformation.Get(dashboard, "Properties", "DashboardBody", "Fn::Sub").(string)
		require.NoError(t, json.Unmarshal([]byte(text), &body))
		for _, w := range body.Widgets {
			for _, name := range ours(w.Properties.Metrics) {
				found[name] = true
			}
		}
	}
	return found
}

// ours are the functions' metrics among a widget's, with the dots written out
// that stand for what is above them ("Dashboard body structure and syntax",
// Amazon CloudWatch API Reference).
func ours(rows [][]any) (names []string) {
	var above []any
	for _, row := range rows {
		if len(row) > 0 && row[0] == "..." {
			continue // the metric above, another statistic of it
		}
		full := slices.Clone(row)
		for i := range full {
			if full[i] == "." && i < len(above) {
				full[i] = above[i]
			}
		}
		if above = full; len(full) > 1 && full[0] == namespace {
			names = append(names, full[1].(string))
		}
	}
	return names
}
