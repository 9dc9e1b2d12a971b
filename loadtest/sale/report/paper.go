package report

// Paper is a sale as it was simulated: on AWS, or as a run here would go. Whoever
// simulates fills it in; this package only shows it.
type Paper struct {
	Sections []PaperSection `json:"sections"`
}

// PaperSection is one sale on paper.
type PaperSection struct {
	Title   string       `json:"title"`
	Text    string       `json:"text"`
	Tables  []Table      `json:"tables,omitempty"`
	Charts  []PaperChart `json:"charts,omitempty"`
	Footing string       `json:"footing,omitempty"`
}

// Table is rows under a head. The first column is words.
type Table struct {
	Title string     `json:"title,omitempty"`
	Head  []string   `json:"head"`
	Rows  [][]string `json:"rows"`
}

// PaperChart is lines over the seconds of a sale.
type PaperChart struct {
	Title string      `json:"title"`
	Unit  string      `json:"unit"`
	Lines []PaperLine `json:"lines"`
}

// PaperLine is one of them.
type PaperLine struct {
	Name string    `json:"name"`
	X    []float64 `json:"x"` // seconds since the sale began
	Y    []float64 `json:"y"`
}
