package telemetry

// The documents of CloudWatch's embedded metric format ("Specification: Embedded
// metric format", Amazon CloudWatch User Guide).
type (
	metadata struct {
		Timestamp int64       `json:"Timestamp"` // milliseconds
		Metrics   []directive `json:"CloudWatchMetrics"`
	}
	directive struct {
		Namespace  string       `json:"Namespace"`
		Dimensions [][]string   `json:"Dimensions"`
		Metrics    []definition `json:"Metrics"`
	}
	definition struct {
		Name string `json:"Name"`
		Unit Unit   `json:"Unit"`
	}
)

// document is the line of a report: the metadata, and beside it each value under
// its metric's name. r.mu is held.
func (r *Report) document() map[string]any {
	doc := make(map[string]any, len(r.values)+2)
	plain := directive{Namespace: r.to.o.Namespace, Dimensions: [][]string{{}}}
	byKind := directive{Namespace: r.to.o.Namespace, Dimensions: [][]string{{}, {KindDimension}}}
	for _, v := range r.values {
		d := &plain
		if v.name == OrdersRefused {
			d = &byKind
			doc[KindDimension] = r.kind
		}
		d.Metrics = append(d.Metrics, definition{v.name, v.unit})
		doc[v.name] = v.of
		if len(v.of) == 1 {
			doc[v.name] = v.of[0]
		}
	}
	about := metadata{Timestamp: r.to.o.Now().UnixMilli()}
	for _, d := range []directive{plain, byKind} {
		if len(d.Metrics) > 0 {
			about.Metrics = append(about.Metrics, d)
		}
	}
	doc["_aws"] = about
	return doc
}
