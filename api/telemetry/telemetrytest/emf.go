package telemetrytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The limits of the embedded metric format ("Specification: Embedded metric
// format", Amazon CloudWatch User Guide).
const (
	maxLineBytes  = 256 << 10
	maxMetrics    = 100
	maxValues     = 100
	maxDimensions = 30
	maxName       = 1024
	maxDimension  = 250
)

// units are CloudWatch's, as far as they may be in use here.
var units = []string{"Count", "Seconds", "Milliseconds", "Microseconds", "Bytes", "Percent", "Count/Second", "None"}

// Line is what CloudWatch makes of one line: for each set of dimensions, written
// as Name=value and empty where there are none, the metrics and their values.
type Line map[string]map[string]Values

// Values are what one line says of a metric.
type Values struct {
	Namespace, Unit string
	Of              []float64
}

// document is the form of a line; a member that is in none of these is a fault.
type document struct {
	Timestamp *int64 `json:"Timestamp"`
	Metrics   []struct {
		Namespace  string     `json:"Namespace"`
		Dimensions [][]string `json:"Dimensions"`
		Metrics    []struct {
			Name       string `json:"Name"`
			Unit       string `json:"Unit"`
			Resolution int    `json:"StorageResolution"`
		} `json:"Metrics"`
	} `json:"CloudWatchMetrics"`
}

// ReadEMF reads one line as CloudWatch does, and says what keeps it from being
// one.
func ReadEMF(line []byte) (Line, error) {
	if len(line) > maxLineBytes {
		return nil, fmt.Errorf("the line has %d bytes", len(line))
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal(line, &root); err != nil {
		return nil, err
	}
	var doc document
	dec := json.NewDecoder(bytes.NewReader(root["_aws"]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("_aws: %w", err)
	}
	if doc.Timestamp == nil || *doc.Timestamp < 1e12 || len(doc.Metrics) == 0 {
		return nil, fmt.Errorf("_aws needs a Timestamp in milliseconds and CloudWatchMetrics: %s", root["_aws"])
	}
	found := Line{}
	for _, d := range doc.Metrics {
		switch {
		case d.Namespace == "" || len(d.Namespace) > maxName || strings.HasPrefix(d.Namespace, "AWS/"):
			return nil, fmt.Errorf("the namespace is %q", d.Namespace)
		case len(d.Dimensions) == 0, len(d.Metrics) == 0, len(d.Metrics) > maxMetrics:
			return nil, fmt.Errorf("a directive has %d sets of dimensions and %d metrics", len(d.Dimensions), len(d.Metrics))
		}
		for _, set := range d.Dimensions {
			key, err := dimensions(root, set)
			if err != nil {
				return nil, err
			}
			if found[key] == nil {
				found[key] = map[string]Values{}
			}
			for _, m := range d.Metrics {
				values, err := numbers(root, m.Name)
				if err != nil {
					return nil, err
				}
				if m.Unit != "" && !slices.Contains(units, m.Unit) {
					return nil, fmt.Errorf("%s has the unit %q", m.Name, m.Unit)
				}
				if _, twice := found[key][m.Name]; twice {
					return nil, fmt.Errorf("%s is there twice", m.Name)
				}
				found[key][m.Name] = Values{d.Namespace, m.Unit, values}
			}
		}
	}
	return found, nil
}

// dimensions reads the values that a set of dimensions points to.
func dimensions(root map[string]json.RawMessage, set []string) (string, error) {
	if len(set) > maxDimensions {
		return "", fmt.Errorf("a set has %d dimensions", len(set))
	}
	var parts []string
	for _, name := range set {
		var value string
		if err := json.Unmarshal(root[name], &value); err != nil || value == "" || len(value) > maxName || name == "" || len(name) > maxDimension {
			return "", fmt.Errorf("the dimension %s has no text: %s", name, root[name])
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, ","), nil
}

// numbers reads the values that a metric points to.
func numbers(root map[string]json.RawMessage, name string) ([]float64, error) {
	var one float64
	if name == "" || len(name) > maxName {
		return nil, fmt.Errorf("a metric is called %q", name)
	}
	if json.Unmarshal(root[name], &one) == nil {
		return []float64{one}, nil
	}
	var several []float64
	if err := json.Unmarshal(root[name], &several); err != nil || len(several) == 0 || len(several) > maxValues {
		return nil, fmt.Errorf("the metric %s has no values, or too many: %.100s", name, root[name])
	}
	return several, nil
}

// Sum adds up a metric of all lines, in one set of dimensions.
func Sum(lines []Line, set, name string) (sum float64) {
	for _, l := range lines {
		for _, v := range l[set][name].Of {
			sum += v
		}
	}
	return sum
}

// Lines reads every line of a function's standard output.
func Lines(output string) (lines []Line, err error) {
	for text := range strings.Lines(output) {
		line, err := ReadEMF([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%w in %s", err, text)
		}
		lines = append(lines, line)
	}
	return lines, nil
}
