package picture

import (
	"fmt"
	"strings"
)

// Tint names the colour of the thing drawn.
type Tint string

// The tints.
const (
	Moss    Tint = "moss"
	Leather Tint = "leather"
	Lake    Tint = "lake"
	Brick   Tint = "brick"
	Olive   Tint = "olive"
	Navy    Tint = "navy"
	Fern    Tint = "fern"
	Mustard Tint = "mustard"
)

// palette is the colours of one picture: the paper it lies on and what the
// thing itself is made of.
type palette struct {
	tint                Tint
	paper, mist, line   string // the background, its light, and the water on it
	main, dark, light   string // the thing's own colour, in shadow, in light
	accent, cork, metal string
}

var palettes = [...]palette{
	{Moss, "#e6ece4", "#f4f6ef", "#cfdacd", "#3f6b57", "#2a4a3d", "#6f9a83", "#c2622d", "#d3a873", "#b7bcb8"},
	{Leather, "#efe6d6", "#f9f4e9", "#dfd2ba", "#8a4b2a", "#5e3119", "#b9764f", "#2f5d62", "#d8b07a", "#c2a35a"},
	{Lake, "#e1e9ee", "#f2f6f8", "#c8d6df", "#2f5876", "#1f3c52", "#6690ad", "#d08b2c", "#cfa574", "#b4bcc3"},
	{Brick, "#f0e4dd", "#faf3ee", "#e2cfc4", "#9c3f34", "#6c2820", "#cd7566", "#365a4c", "#d6ac78", "#b9b5ae"},
	{Olive, "#ece9dc", "#f8f6ed", "#d9d4bf", "#6b6a34", "#474720", "#9c9a5f", "#a94e2b", "#d2ab70", "#bfae72"},
	{Navy, "#e4e6ea", "#f4f5f7", "#cdd1d9", "#44506b", "#2c364b", "#7e8aa6", "#c99a3a", "#cda577", "#aeb4bd"},
	{Fern, "#e8e9df", "#f6f6ef", "#d2d5c2", "#4b5b3a", "#323e26", "#7f9168", "#b5652b", "#d4ad76", "#b2b3a3"},
	{Mustard, "#f1e9d2", "#fbf6e8", "#e3d5ae", "#b98022", "#835713", "#dfb15c", "#3c4f5c", "#c99a60", "#b8b4a8"},
}

// scene is the table that the thing lies on: a wash of light, the contours of a
// river, and a shadow.
func (c *canvas) scene(p palette, d *dice) {
	c.add(`<defs><radialGradient id="light" cx="42%%" cy="36%%" r="75%%"><stop offset="0" stop-color="%s"/><stop offset="1" stop-color="%s"/></radialGradient></defs>`, p.mist, p.paper)
	c.rect(0, 0, Width, Height, 0, "url(#light)")
	start := d.between(330, 390)
	swell := d.between(24, 60)
	for i := range 5 {
		y := start + float64(i)*27
		var b strings.Builder
		fmt.Fprintf(&b, "M-20 %.0f", y)
		for x := 0; x < 4; x++ {
			s := swell
			if (x+i/2)%2 == 1 {
				s = -swell
			}
			fmt.Fprintf(&b, "q85 %.0f 170 0", s*.6)
		}
		c.add(`<path d="%s" fill="none" stroke="%s" stroke-width="2" opacity="%.2f"/>`, b.String(), p.line, .9-float64(i)*.13)
	}
}

// shadow is where the thing stands.
func (c *canvas) shadow(x, y, rx float64) {
	c.add(`<ellipse cx="%.0f" cy="%.0f" rx="%.0f" ry="%.0f" fill="#1d2624" opacity=".13"/>`, x, y, rx, rx*.11+4)
}
