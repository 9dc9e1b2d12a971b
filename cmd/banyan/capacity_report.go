package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/banyan-edge/banyan/loadtest/capacity"
	salereport "github.com/banyan-edge/banyan/loadtest/sale/report"
)

// paperOf is a sale that was simulated alone.
func paperOf(r capacity.Result) *salereport.Paper {
	if r.Plan.Target == capacity.AWS {
		return &salereport.Paper{Sections: []salereport.PaperSection{cloudSection("On AWS", "", r)}}
	}
	return &salereport.Paper{Sections: []salereport.PaperSection{{Title: "On one machine",
		Charts: []salereport.PaperChart{{Title: "Orders waiting", Unit: "orders", Lines: []salereport.PaperLine{waitingLine("waiting", r)}}}}}}
}

// fromRun plays what a rehearsal measured on paper.
func (c capacityCommand) fromRun(place Place, term terminal) error {
	f, err := os.Open(c.From)
	if err != nil {
		return withHint(fmt.Errorf("open the report: %w", err), "banyan sale writes it beside the HTML file, as .json")
	}
	defer f.Close()
	r, err := salereport.Read(f)
	if err != nil {
		return withHint(fmt.Errorf("%s: %w", filepath.Base(c.From), err), "banyan sale writes one beside the HTML file, as .json")
	}
	if err := addPaper(r); err != nil {
		return err
	}
	if r.Paper == nil {
		return withHint(errors.New("no queue was measured in that run"), "rehearse with the flipped run, and with a spike or a --backlog that makes orders wait")
	}
	if c.Out != "" {
		if err := writeFile(c.Out, r.WriteHTML); err != nil {
			return err
		}
		term.say("report: %s", c.Out)
	}
	if place.JSON {
		return printJSON(term.Out, r.Paper)
	}
	return showPaper(term, r.Paper)
}

// showPaper writes a sale on paper for a reader.
func showPaper(term terminal, p *salereport.Paper) error {
	for _, s := range p.Sections {
		fmt.Fprintf(term.Out, "%s\n%s\n", s.Title, s.Text)
		for _, t := range s.Tables {
			fmt.Fprintln(term.Out)
			head := make([]any, len(t.Head))
			for i, h := range t.Head {
				head[i] = h
			}
			rows := make([][]any, len(t.Rows))
			for i, row := range t.Rows {
				for _, cell := range row {
					rows[i] = append(rows[i], cell)
				}
			}
			if err := printTable(term.Out, head, rows); err != nil {
				return err
			}
		}
		fmt.Fprintln(term.Out)
	}
	return nil
}
