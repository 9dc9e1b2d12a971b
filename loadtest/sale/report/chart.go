package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours of the lines, which those who see no red or green can tell apart
// (Okabe and Ito, "Color Universal Design").
var (
	blue   = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	green  = color.RGBA{0x00, 0x9e, 0x73, 0xff}
	orange = color.RGBA{0xe6, 0x9f, 0x00, 0xff}
	red    = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	purple = color.RGBA{0xcc, 0x79, 0xa7, 0xff}
	grey   = color.RGBA{0x8a, 0x8f, 0x98, 0xff}
	pale   = color.RGBA{0xe4, 0xe7, 0xeb, 0xff}
	ink    = color.RGBA{0x3a, 0x40, 0x4a, 0xff}
	shade  = color.RGBA{0xf1, 0xf5, 0xf9, 0xff}
)

// palette is for lines whose colour says nothing.
var palette = []color.RGBA{blue, orange, green, purple, red, grey}

// line is one line of a panel.
type line struct {
	name   string
	points plotter.XYs
	colour color.RGBA
	dashed bool
	fat    bool
}

// panel is one of the plots that lie beside each other on the same scale.
type panel struct {
	title    string
	lines    []line
	from, to float64 // the spike, shaded; nothing where they are equal
}

// chart is panels on one scale.
type chart struct {
	label  string // what a reader hears who cannot see it
	unit   string // of the vertical axis
	panels []panel
	log    bool // the vertical axis is logarithmic
	wide   float64
	high   float64
}

// Sizes of a chart in points, where it gives none.
const (
	chartWide = 880
	chartHigh = 300
)

// svg draws a chart.
func (c chart) svg() (template.HTML, error) {
	if c.wide == 0 {
		c.wide, c.high = chartWide, chartHigh
	}
	wide, high := vg.Points(c.wide), vg.Points(c.high)
	plots := [][]*plot.Plot{make([]*plot.Plot, len(c.panels))}
	right, top, bottom := c.bounds()
	for i, p := range c.panels {
		one, err := c.plot(p, i == 0)
		if err != nil {
			return "", err
		}
		one.X.Min, one.X.Max, one.Y.Min, one.Y.Max = 0, right, bottom, top
		plots[0][i] = one
	}
	canvas := vgsvg.New(wide, high)
	tiles := draw.Tiles{Rows: 1, Cols: len(c.panels), PadX: vg.Points(14), PadRight: vg.Points(8), PadTop: vg.Points(2)}
	canvases := plot.Align(plots, tiles, draw.New(canvas))
	for i := range c.panels {
		plots[0][i].Draw(canvases[0][i])
	}
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", fmt.Errorf("draw a chart: %w", err)
	}
	return inline(out.String(), c.label), nil
}

// bounds are of all panels together.
func (c chart) bounds() (right, top, bottom float64) {
	right, top, bottom = 1, 1, 0
	if c.log {
		bottom = math.Inf(1)
	}
	for _, p := range c.panels {
		for _, l := range p.lines {
			for _, at := range l.points {
				right, top = max(right, at.X), max(top, at.Y)
				if c.log && at.Y > 0 {
					bottom = min(bottom, at.Y)
				}
			}
		}
	}
	if c.log {
		if math.IsInf(bottom, 1) {
			bottom = 1
		}
		bottom = math.Pow(10, math.Floor(math.Log10(bottom)))
		// One that has no length would be drawn from nought, which has no logarithm.
		return right, max(math.Pow(10, math.Ceil(math.Log10(top))), 10*bottom), bottom
	}
	return right, top * 1.05, 0
}

// plot makes one panel. Only the first says what the vertical axis is.
func (c chart) plot(p panel, first bool) (*plot.Plot, error) {
	one := plot.New()
	one.BackgroundColor = color.Transparent
	one.Title.Text = p.title
	one.X.Label.Text = "seconds"
	if first {
		one.Y.Label.Text = c.unit
	}
	dress(one)
	one.X.Tick.Marker, one.Y.Tick.Marker = rounded{}, rounded{}
	if c.log {
		one.Y.Scale, one.Y.Tick.Marker = plot.LogScale{}, decades{}
	}
	if p.to > p.from {
		one.Add(band{p.from, p.to})
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Vertical.Color = color.Transparent
	grid.Horizontal.Color = pale
	one.Add(grid)
	for _, l := range p.lines {
		if len(l.points) == 0 {
			continue
		}
		drawn, err := plotter.NewLine(l.points)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", l.name, err)
		}
		drawn.Color, drawn.Width = l.colour, vg.Points(1.6)
		if l.fat {
			drawn.Width = vg.Points(2.8)
		}
		if l.dashed {
			drawn.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		one.Add(drawn)
	}
	return one, nil
}

// dress sets type and colours.
func dress(p *plot.Plot) {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	p.Title.TextStyle.Font = sans
	p.Title.TextStyle.Font.Size, p.Title.TextStyle.Color, p.Title.Padding = vg.Points(12), ink, vg.Points(8)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Tick.Label.Font = sans, sans
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = vg.Points(9.5), vg.Points(9.5)
		a.Label.TextStyle.Color, a.Tick.Label.Color = ink, ink
		a.LineStyle.Color, a.Tick.LineStyle.Color = grey, grey
		a.LineStyle.Width, a.Tick.LineStyle.Width = vg.Points(0.6), vg.Points(0.6)
		a.Tick.Length = vg.Points(3)
		a.Padding = 0
	}
}

// band is the time of the spike.
type band struct{ from, to float64 }

// Plot implements plot.Plotter.
func (b band) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	left, right := x(b.from), x(b.to)
	c.FillPolygon(shade, []vg.Point{{X: left, Y: c.Min.Y}, {X: right, Y: c.Min.Y}, {X: right, Y: c.Max.Y}, {X: left, Y: c.Max.Y}})
}

// rounded are some five ticks at round numbers, written as people write them.
type rounded struct{}

// maxTicks ends a row of ticks whatever the axis is.
const maxTicks = 100

// Ticks implements plot.Ticker.
func (rounded) Ticks(low, high float64) []plot.Tick {
	const wanted = 5
	step := math.Pow(10, math.Floor(math.Log10(max(high-low, 1e-9)/wanted)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*factor) <= wanted+1 {
			step *= factor
			break
		}
	}
	var ticks []plot.Tick
	for at := math.Ceil(low/step) * step; at <= high+step/1e6 && len(ticks) < maxTicks; at += step {
		ticks = append(ticks, plot.Tick{Value: at, Label: Count(math.Round(at*1000) / 1000)})
	}
	return ticks
}

// decades are ticks at powers of ten, of milliseconds.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	if low <= 0 {
		return nil
	}
	for at := math.Pow(10, math.Floor(math.Log10(low))); at <= high*1.001 && len(ticks) < maxTicks; at *= 10 {
		ticks = append(ticks, plot.Tick{Value: at, Label: decadeLabel(at)})
		for n := 2.0; n < 10 && at*n < high; n++ {
			ticks = append(ticks, plot.Tick{Value: at * n})
		}
	}
	return ticks
}

func decadeLabel(ms float64) string {
	if ms >= 1000 {
		return fmt.Sprintf("%g s", ms/1000)
	}
	return fmt.Sprintf("%g ms", ms)
}

var (
	prologue = regexp.MustCompile(`(?s)^.*?<svg`)
	sized    = regexp.MustCompile(`<svg ([^>]*?)width="[^"]*" height="[^"]*"`)
	family   = regexp.MustCompile(`font-family:[^;"]*`)
)

// inline makes a drawing part of a page: it grows with the page, its type is the
// page's, and it says what it shows.
func inline(svg, label string) template.HTML {
	svg = prologue.ReplaceAllString(svg, "<svg")
	svg = sized.ReplaceAllString(svg, `<svg role="img" aria-label="`+template.HTMLEscapeString(label)+`" $1`)
	svg = family.ReplaceAllString(svg, "font-family:sans-serif")
	return template.HTML(strings.TrimSpace(svg)) // drawn above, from numbers and escaped words
}
