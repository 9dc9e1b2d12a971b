package picture

import "fmt"

// A rod is drawn lying along x, butt left, and then turned.

func castingRod(c *canvas, p palette, d *dice) {
	tilt := d.between(-31, -25)
	c.group(fmt.Sprintf("translate(44 404) rotate(%.1f) scale(1.42)", tilt), func() {
		c.blank(p, 620, 9)
		c.rodShadow(620)
		c.cork(p, 0, 96, 20)
		c.rect(-8, -11, 12, 22, 5, p.dark)
		c.rect(96, -9, 74, 18, 5, "#33393a") // reel seat
		c.rect(104, -13, 20, 8, 3, p.metal)
		c.rect(146, -13, 16, 8, 3, p.metal)
		c.path("M124 8q8 20 18 18q-4 -8 0 -18z", "#33393a") // trigger
		c.cork(p, 170, 58, 17)
		c.rect(228, -7, 9, 14, 2, p.accent)
		for i, x := range []float64{282, 346, 404, 456, 502, 542, 577} {
			c.guide(p, x, -1, 13-float64(i)*1.3)
		}
		c.tip(p, 620)
	})
	c.label(p)
}

func spinningRod(c *canvas, p palette, d *dice) {
	tilt := d.between(-32, -26)
	c.group(fmt.Sprintf("translate(44 396) rotate(%.1f) scale(1.42)", tilt), func() {
		c.blank(p, 620, 8)
		c.rodShadow(620)
		c.cork(p, 0, 70, 18)
		c.rect(-8, -10, 11, 20, 5, p.dark)
		c.rect(70, -6, 40, 12, 2, p.main)
		c.cork(p, 110, 24, 17)
		c.rect(134, -8, 70, 16, 5, "#33393a")
		c.rect(150, 6, 14, 7, 3, p.metal)
		c.rect(182, 6, 14, 7, 3, p.metal)
		c.cork(p, 204, 46, 15)
		c.rect(250, -6, 8, 12, 2, p.accent)
		for i, x := range []float64{306, 372, 432, 486, 534, 574} {
			c.guide(p, x, 1, 19-float64(i)*2.6)
		}
		c.tip(p, 620)
	})
	c.label(p)
}

// flyRod lies in its sections, as it is sold.
func flyRod(c *canvas, p palette, d *dice) {
	tilt := d.between(-25, -20)
	sections := 1 + d.n(2)
	for i := range sections {
		c.group(fmt.Sprintf("translate(%d %d) rotate(%.1f) scale(1.2)", 150-i*58, 320-i*74, tilt), func() {
			c.blank(p, 560, 6-float64(i))
			c.rect(-6, -5, 18, 10, 2, p.metal)
			c.wraps(p, []float64{70, 150, 224, 290, 350, 404, 456})
			c.tip(p, 560)
		})
	}
	c.group(fmt.Sprintf("translate(122 398) rotate(%.1f) scale(1.35)", tilt), func() {
		c.blank(p, 540, 8)
		c.rodShadow(540)
		c.path("M0 -9q6 -4 20 -4q30 8 54 3q22 -4 40 0v20q-18 4 -40 0q-24 -5 -54 3q-14 0 -20 -4z", p.cork)
		for x := 12.0; x < 112; x += 13 {
			c.stroke(fmt.Sprintf("M%.0f -8v16", x), "#00000022", 1.2)
		}
		c.rect(-52, -6, 52, 12, 2, p.dark) // wooden seat
		c.rect(-56, -8, 10, 16, 3, p.metal)
		c.rect(-22, -8, 8, 16, 2, p.metal)
		c.rect(114, -5, 12, 10, 2, p.metal)
		c.wraps(p, []float64{176, 250, 320, 384, 440, 490})
	})
	c.label(p)
}

// blank is the tapering rod itself, with a line of light along it.
func (c *canvas) blank(p palette, length, butt float64) {
	c.path(fmt.Sprintf("M0 %.1fL%.0f -1.2V1.2L0 %.1fz", -butt/2, length, butt/2), p.main)
	c.path(fmt.Sprintf("M0 %.1fL%.0f -1.2V-.2L0 %.1fz", -butt/2, length, -butt/6), p.light)
}

func (c *canvas) rodShadow(length float64) {
	c.add(`<path d="M0 26L%.0f 20" stroke="#1d2624" stroke-width="7" stroke-linecap="round" opacity=".08"/>`, length-20)
}

// cork is a grip of cork rings.
func (c *canvas) cork(p palette, x, length, thick float64) {
	c.rect(x, -thick/2, length, thick, thick*.35, p.cork)
	for at := x + 11; at < x+length-4; at += 11 {
		c.stroke(fmt.Sprintf("M%.0f %.1fv%.1f", at, -thick/2+2, thick-4), "#00000020", 1.2)
	}
	c.rect(x+3, -thick/2+2, length-6, thick*.22, 2, "#ffffff55")
}

// guide is a ring on a foot, up (-1) or down (1), with its wraps.
func (c *canvas) guide(p palette, x, side, r float64) {
	c.rect(x-11, -3.4, 22, 6.8, 2, p.accent)
	c.stroke(fmt.Sprintf("M%.1f 0L%.1f %.1fM%.1f 0L%.1f %.1f", x-8, x, side*5, x+8, x, side*5), "#4a5052", 2)
	c.ring(x, side*(r+4), r, "#4a5052", 3)
}

// wraps are snake guides and their silk.
func (c *canvas) wraps(p palette, at []float64) {
	for _, x := range at {
		c.rect(x-12, -3.2, 9, 6.4, 1.5, p.accent)
		c.rect(x+3, -3.2, 9, 6.4, 1.5, p.accent)
		c.stroke(fmt.Sprintf("M%.0f -2q5 -9 10 0", x-5), "#4a5052", 1.8)
	}
}

func (c *canvas) tip(p palette, x float64) {
	c.rect(x-18, -2.6, 14, 5.2, 1.5, p.accent)
	c.ring(x+3, 0, 4.5, "#4a5052", 2.2)
}

// label is the shop's tag, tied to what has no room for it elsewhere.
func (c *canvas) label(p palette) {
	c.group("translate(486 372) rotate(9)", func() {
		c.shade("M4 6h86v46h-86l-16 -23z", "#1d2624", .10)
		c.path("M0 0h86v46h-86l-16 -23z", "#fbf8f0")
		c.ring(-2, 23, 4, p.accent, 2)
		c.stroke("M-6 23q-30 -26 -22 -60", p.accent, 1.6)
		c.stroke("M18 15h50M18 24h50M18 33h30", p.line, 3)
	})
}
