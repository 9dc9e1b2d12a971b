package report

import (
	"html/template"

	"gonum.org/v1/plot/plotter"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// Swatch is an entry of a legend.
type Swatch struct{ Name, Colour string }

// The lines of the picture, as the legend has them.
var pictureLegend = []Swatch{
	{"orders that shoppers placed", hex(grey)}, {"accepted", hex(blue)},
	{"in the shop's database", hex(green)}, {"accepted and still waiting", hex(orange)},
}

// wayColours tell the runs apart where they share a panel.
var wayColours = map[rig.Way]struct {
	hex  string
	line int
}{rig.Straight: {hex(red), 4}, rig.AllLegacy: {hex(purple), 3}, rig.Flipped: {hex(blue), 0}, rig.Elsewhere: {hex(blue), 0}}

func hex(c interface{ RGBA() (r, g, b, a uint32) }) string {
	r, g, b, _ := c.RGBA()
	const digits = "0123456789abcdef"
	out := []byte{'#'}
	for _, v := range []uint32{r >> 8, g >> 8, b >> 8} {
		out = append(out, digits[v>>4], digits[v&15])
	}
	return string(out)
}

// picture is the one of all runs: orders placed, accepted, waiting and written.
func (r *Report) picture() (template.HTML, error) {
	c := chart{label: "Orders placed, accepted, waiting and written over time, for each run on the same scale", unit: "orders", high: 280}
	c.wide = chartWide
	for _, run := range r.Runs {
		from, to := r.spike()
		p := panel{title: run.Title, from: from, to: to, lines: []line{
			{name: "placed", points: placed(run), colour: grey, dashed: true},
			{name: "written", points: series(run, func(p rehearsal.Point) float64 { return float64(p.Written) }), colour: green, fat: true},
			{name: "waiting", points: series(run, func(p rehearsal.Point) float64 { return float64(p.Waiting) }), colour: orange},
			{name: "accepted", points: series(run, func(p rehearsal.Point) float64 { return float64(p.Accepted) }), colour: blue},
		}}
		c.panels = append(c.panels, p)
	}
	return c.svg()
}

// pile is the queue that was piled up and let go.
func (r *Report) pile() (template.HTML, error) {
	if r.Backlog == nil {
		return "", nil
	}
	p := panel{lines: []line{
		{name: "accepted", points: series(r.Backlog, func(p rehearsal.Point) float64 { return float64(p.Accepted) }), colour: blue, fat: true},
		{name: "written", points: series(r.Backlog, func(p rehearsal.Point) float64 { return float64(p.Written) }), colour: green, fat: true},
		{name: "waiting", points: series(r.Backlog, func(p rehearsal.Point) float64 { return float64(p.Waiting) }), colour: orange},
	}}
	return chart{label: "A queue that piled up, and drained", unit: "orders", wide: chartWide, high: 220, panels: []panel{p}}.svg()
}

// spike is when it began and ended.
func (r *Report) spike() (from, to float64) {
	return r.Plan.Lead.Seconds(), (r.Plan.Lead + r.Plan.For).Seconds()
}

// series are the moments of a run; those of which nothing is known are left out.
func series(run *rehearsal.Run, value func(rehearsal.Point) float64) plotter.XYs {
	var points plotter.XYs
	for _, p := range run.Series {
		if y := value(p); y >= 0 {
			points = append(points, plotter.XY{X: p.At, Y: y})
		}
	}
	return points
}

// placed adds up the orders that were due.
func placed(run *rehearsal.Run) plotter.XYs {
	points := plotter.XYs{{}}
	var sum int64
	for i, s := range run.Seconds[shopper.Checkout] {
		sum += s.Due
		points = append(points, plotter.XY{X: float64(i + 1), Y: float64(sum)})
	}
	return points
}

// browsing is how long pages of other products took, second by second.
func (r *Report) browsing() (template.HTML, error) {
	from, to := r.spike()
	p := panel{from: from, to: to}
	for _, run := range r.Runs {
		l := line{name: run.Title, colour: palette[wayColours[run.Way].line], fat: run.Way == rig.Flipped}
		for i, s := range run.Seconds[shopper.Browse] {
			if s.P99 > 0 {
				l.points = append(l.points, plotter.XY{X: float64(i) + 0.5, Y: s.P99})
			}
		}
		p.lines = append(p.lines, l)
	}
	return chart{label: "How long 99 of 100 pages of other products took at most, second by second", unit: "slowest of 100 pages", log: true, wide: chartWide, high: 240, panels: []panel{p}}.svg()
}

// connections are those that the database had.
func (r *Report) connections() (template.HTML, error) {
	from, to := r.spike()
	p := panel{from: from, to: to}
	last := 0.0
	for _, run := range r.Runs {
		p.lines = append(p.lines, line{name: run.Title, colour: palette[wayColours[run.Way].line],
			points: series(run, func(p rehearsal.Point) float64 { return float64(p.Held) })})
		if n := len(run.Series); n > 0 {
			last = max(last, run.Series[n-1].At)
		}
	}
	if most := float64(r.Setup.Connections); most > 0 {
		p.lines = append(p.lines, line{name: "allowed", colour: ink, dashed: true, points: plotter.XYs{{X: 0, Y: most}, {X: last, Y: most}}})
	}
	return chart{label: "Connections that the legacy database had", unit: "connections", wide: chartWide, high: 190, panels: []panel{p}}.svg()
}

// runLegend names the runs.
func (r *Report) runLegend() []Swatch {
	var legend []Swatch
	for _, run := range r.Runs {
		legend = append(legend, Swatch{run.Title, wayColours[run.Way].hex})
	}
	return legend
}

// svg draws a chart of a sale on paper.
func (c PaperChart) svg() (template.HTML, error) {
	p := panel{title: c.Title}
	for i, l := range c.Lines {
		points := make(plotter.XYs, min(len(l.X), len(l.Y)))
		for j := range points {
			points[j] = plotter.XY{X: l.X[j], Y: l.Y[j]}
		}
		p.lines = append(p.lines, line{name: l.Name, points: points, colour: palette[i%len(palette)]})
	}
	return chart{label: c.Title, unit: c.Unit, wide: chartWide / 2, high: 220, panels: []panel{p}}.svg()
}

// legend names the lines.
func (c PaperChart) legend() []Swatch {
	var legend []Swatch
	for i, l := range c.Lines {
		legend = append(legend, Swatch{l.Name, hex(palette[i%len(palette)])})
	}
	return legend
}

// phases in words.
var phaseWords = map[sale.Phase]string{sale.Before: "before", sale.During: "during", sale.After: "after"}
