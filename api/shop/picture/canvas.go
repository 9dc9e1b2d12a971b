package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
)

// canvas writes SVG elements one after the other.
type canvas struct{ buf bytes.Buffer }

func newCanvas(title string) *canvas {
	c := &canvas{}
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`, Width, Height, Width, Height)
	c.buf.WriteString("<title>")
	_ = xml.EscapeText(&c.buf, []byte(title)) // a bytes.Buffer does not fail
	c.buf.WriteString("</title>")
	return c
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.buf, format+"\n", args...) }

func (c *canvas) end() []byte {
	c.buf.WriteString("</svg>\n")
	return c.buf.Bytes()
}

// group draws inside a transformed group.
func (c *canvas) group(transform string, draw func()) {
	c.add(`<g transform="%s">`, transform)
	draw()
	c.add(`</g>`)
}

func (c *canvas) path(d, fill string) { c.add(`<path d="%s" fill="%s"/>`, d, fill) }

// stroke draws the outline of a path, round at its ends.
func (c *canvas) stroke(d, colour string, width float64) {
	c.add(`<path d="%s" fill="none" stroke="%s" stroke-width="%.1f" stroke-linecap="round" stroke-linejoin="round"/>`, d, colour, width)
}

// stitch draws a dashed seam.
func (c *canvas) stitch(d, colour string) {
	c.add(`<path d="%s" fill="none" stroke="%s" stroke-width="1.6" stroke-dasharray="5 4" opacity=".7"/>`, d, colour)
}

func (c *canvas) circle(x, y, r float64, fill string) {
	c.add(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`, x, y, r, fill)
}

func (c *canvas) ring(x, y, r float64, colour string, width float64) {
	c.add(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="none" stroke="%s" stroke-width="%.1f"/>`, x, y, r, colour, width)
}

func (c *canvas) ellipse(x, y, rx, ry float64, fill string) {
	c.add(`<ellipse cx="%.1f" cy="%.1f" rx="%.1f" ry="%.1f" fill="%s"/>`, x, y, rx, ry, fill)
}

// rect draws a rectangle with rounded corners.
func (c *canvas) rect(x, y, w, h, r float64, fill string) {
	c.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f" fill="%s"/>`, x, y, w, h, r, fill)
}

// shade lays a translucent shape over what is below.
func (c *canvas) shade(d, fill string, opacity float64) {
	c.add(`<path d="%s" fill="%s" opacity="%.2f"/>`, d, fill, opacity)
}

// clip draws inside the outline of a path only.
func (c *canvas) clip(id, d string, draw func()) {
	c.add(`<clipPath id="%s"><path d="%s"/></clipPath><g clip-path="url(#%s)">`, id, d, id)
	draw()
	c.add(`</g>`)
}

// treble draws a hook of three points that hangs from x, y.
func (c *canvas) treble(x, y, size float64) {
	const steel = "#5a5f60"
	c.ring(x, y, size*.16, steel, 2)
	c.stroke(fmt.Sprintf("M%.1f %.1fv%.1f", x, y+size*.16, size*.6), steel, 2.6)
	for _, side := range []float64{-1, 1} {
		c.stroke(fmt.Sprintf("M%.1f %.1fq%.1f %.1f %.1f %.1fl%.1f %.1f", x, y+size*.7,
			side*size*.42, size*.42, side*size*.46, -size*.14, -side*size*.12, size*.12), steel, 2.6)
	}
	c.stroke(fmt.Sprintf("M%.1f %.1fq%.1f %.1f %.1f %.1f", x, y+size*.74, size*.05, size*.36, size*.14, size*.08), steel, 2.2)
}

// polar returns the point at an angle in degrees around x, y.
func polar(x, y, r, degrees float64) (float64, float64) {
	a := degrees * math.Pi / 180
	return x + r*math.Cos(a), y + r*math.Sin(a)
}
