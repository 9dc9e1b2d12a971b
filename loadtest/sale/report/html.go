package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html
var pages embed.FS

// page is everything that the page shows.
type page struct {
	Report                                                           *Report
	Heading, Sentence, Subtitle, VerdictClass, VerdictMark, Patience string
	Faults, Examples, Assumptions                                    []string
	Cards                                                            []Card
	PictureLegend, RunLegend                                         []Swatch
	Picture, Browsing, Connections, Pile                             template.HTML
	ConnectionWords, PileWords                                       string
	Paper                                                            []paperView

	BrowseTable, CheckoutTable, OrdersTable, ErrorTable, LiesTable, MachineTable, FigureTable Table
}

// paperView is a sale on paper with its charts drawn.
type paperView struct {
	Title, Text, Footing string
	Tables               []Table
	Charts               []chartView
}

type chartView struct {
	SVG    template.HTML
	Legend []Swatch
}

// WriteHTML writes the report for people: one file that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	v := page{
		Report: r, Heading: "A rehearsed sale, " + r.days(), Sentence: r.Sentence(), Subtitle: r.subtitle(), Patience: Span(r.Plan.Patience),
		Faults: r.faults(), Examples: r.examples(), Assumptions: r.assumptions(), Cards: r.cards(),
		PictureLegend: pictureLegend, RunLegend: r.runLegend(), ConnectionWords: r.connectionWords(),
		BrowseTable: r.latencies("browse"), CheckoutTable: r.latencies("checkout"), OrdersTable: r.orders(),
		ErrorTable: r.errors(), LiesTable: r.lies(), MachineTable: r.Machine.table(r), PileWords: r.pileWords(), FigureTable: r.figureTable(),
	}
	v.VerdictClass, v.VerdictMark = "good", "✓"
	if !r.Verdict.Clean || !r.Verdict.Judged {
		v.VerdictClass, v.VerdictMark = "bad", "!"
	}
	for _, draw := range []struct {
		into *template.HTML
		from func() (template.HTML, error)
	}{{&v.Picture, r.picture}, {&v.Browsing, r.browsing}, {&v.Connections, r.connections}, {&v.Pile, r.pile}} {
		svg, err := draw.from()
		if err != nil {
			return err
		}
		*draw.into = svg
	}
	var err error
	if v.Paper, err = r.Paper.views(); err != nil {
		return err
	}
	return v.write(w)
}

// WriteHTML writes a sale on paper alone.
func (p *Paper) WriteHTML(w io.Writer, heading, sentence string) error {
	sections, err := p.views()
	if err != nil {
		return err
	}
	return page{Heading: heading, Sentence: sentence, Paper: sections}.write(w)
}

func (v page) write(w io.Writer) error {
	t, err := template.ParseFS(pages, "page.html")
	if err != nil {
		return err
	}
	if err := t.Execute(w, v); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// views draw what is on paper; there may be nothing.
func (p *Paper) views() ([]paperView, error) {
	if p == nil {
		return nil, nil
	}
	var views []paperView
	for _, s := range p.Sections {
		v := paperView{Title: s.Title, Text: s.Text, Tables: s.Tables, Footing: s.Footing}
		for _, c := range s.Charts {
			svg, err := c.svg()
			if err != nil {
				return nil, err
			}
			v.Charts = append(v.Charts, chartView{svg, c.legend()})
		}
		views = append(views, v)
	}
	return views, nil
}
