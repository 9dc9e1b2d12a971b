package picture

import (
	"fmt"
	"strings"
)

// torso is the outline of a garment with sleeves, laid flat.
const torso = "M248 74q72 34 144 0l62 28q30 14 44 50l44 152q-36 26 -76 24l-26 -92l6 166q-126 24 -252 0l6 -166l-26 92q-40 2 -76 -24l44 -152q14 -36 44 -50z"

// sleeveless is the same without.
const sleeveless = "M242 70q20 60 78 112q58 -52 78 -112l56 26q-14 70 14 126l6 178q-154 24 -308 0l6 -178q28 -56 14 -126z"

func jacket(c *canvas, p palette, d *dice) {
	c.shadow(320, 424, 170)
	c.path(torso, p.main)
	c.clip("coat", torso, func() {
		c.shade("M100 60h120v360h-120z", "#000000", .10)
		c.shade("M420 60h130v360h-130z", "#000000", .14)
		c.shade("M228 130h50l-12 280h-46z", "#ffffff", .10)
	})
	c.path("M242 72q78 38 156 0l16 36q-40 44 -94 40q-54 4 -94 -40z", p.dark) // collar
	c.stroke("M320 146v258", p.dark, 6)
	for i := range 5 {
		c.circle(334, 178+float64(i)*46, 6, "#c2a35a")
	}
	for _, x := range []float64{222, 350} {
		c.rect(x, 292, 70, 74, 6, p.dark)
		c.path(fmt.Sprintf("M%.0f 284h78v26q-39 18 -78 0z", x-4), p.light)
		c.stitch(fmt.Sprintf("M%.0f 302q35 14 70 0", x), "#f1e2c4")
	}
	if d.n(2) == 0 {
		c.rect(226, 196, 62, 44, 5, p.dark)
		c.stitch("M230 202h54", "#f1e2c4")
	}
	c.stitch("M196 250l4 150M444 250l-4 150", "#f1e2c4")
}

func vest(c *canvas, p palette, d *dice) {
	c.shadow(320, 424, 170)
	c.path("M250 72q70 30 140 0q-30 74 -70 108q-40 -34 -70 -108z", p.dark) // lining
	c.path(sleeveless, p.main)
	c.clip("vest", sleeveless, func() {
		c.shade("M160 60h60v350h-60z", "#000000", .10)
		c.shade("M430 60h60v350h-60z", "#000000", .12)
	})
	c.stroke("M320 184v216", p.dark, 5)
	for _, x := range []float64{188, 336} {
		c.pocket(p, x, 318, 116, 68)
		c.pocket(p, x+4, 240, 50, 58)
		c.pocket(p, x+62, 240, 50, 58)
	}
	c.rect(222, 172, 50, 40, 6, "#efe5cf") // fleece patch with flies
	for i := range 4 {
		colour := []string{p.accent, p.dark, "#c2a35a", p.light}[(i+d.n(4))%4]
		c.ellipse(234+float64(i%2)*24, 184+float64(i/2)*16, 7, 3.4, colour)
	}
	if d.n(2) == 0 {
		c.group("rotate(-8 400 190)", func() {
			c.rect(380, 172, 46, 40, 4, p.accent)
			c.stitch("M384 176h38v32h-38z", "#f6ecd6")
		})
	}
	c.ring(408, 140, 9, "#c2a35a", 4)
}

func (c *canvas) pocket(p palette, x, y, w, h float64) {
	c.rect(x, y, w, h, 5, p.light)
	c.path(fmt.Sprintf("M%.0f %.0fh%.0fv%.0fq%.0f 9 %.0f 0z", x-2, y-3, w+4, h*.3, -(w+4)/2, -(w+4)), p.dark)
	c.stitch(fmt.Sprintf("M%.0f %.0fv%.0fh%.0fv%.0f", x+4, y+h*.34, h*.58, w-8, -h*.58), "#f1e2c4")
}

func sweater(c *canvas, p palette, _ *dice) {
	c.shadow(320, 424, 170)
	c.path(torso, p.main)
	c.clip("wool", torso, func() {
		for row := range 5 { // the pattern across the chest
			y := 152 + float64(row)*22
			var zig strings.Builder
			fmt.Fprintf(&zig, "M80 %.0f", y)
			for range 24 {
				zig.WriteString("l11 10l11 -10")
			}
			c.stroke(zig.String(), p.light, 3)
		}
		for x := 100.0; x < 560; x += 15 {
			c.stroke(fmt.Sprintf("M%.0f 270v104", x), p.dark, 1.4)
		}
		for x := 180.0; x < 460; x += 9 {
			c.stroke(fmt.Sprintf("M%.0f 378v40", x), p.dark, 3)
		}
		c.stroke("M80 142h480M80 262h480", p.light, 4)
	})
	c.path("M244 72q76 40 152 0l4 26q-80 46 -160 0z", p.dark)
	for x := 252.0; x < 396; x += 12 {
		c.stroke(fmt.Sprintf("M%.0f 86v18", x), p.light, 2)
	}
	c.path("M100 300q36 26 76 24l6 -26q-40 2 -74 -24z", p.dark)
	c.path("M540 300q-36 26 -76 24l-6 -26q40 2 74 -24z", p.dark)
}

func shirt(c *canvas, p palette, _ *dice) {
	c.shadow(320, 424, 170)
	c.path(torso, p.main)
	c.clip("check", torso, func() {
		for x := 96.0; x < 560; x += 56 {
			c.shade(fmt.Sprintf("M%.0f 40h28v400h-28z", x), p.dark, .55)
		}
		for y := 50.0; y < 430; y += 56 {
			c.shade(fmt.Sprintf("M60 %.0fh520v28h-520z", y), p.dark, .55)
		}
		for x := 124.0; x < 560; x += 56 {
			c.stroke(fmt.Sprintf("M%.0f 40v400", x+14), p.light, 1.6)
		}
	})
	c.path("M246 74q36 36 74 44q-30 26 -52 38q-26 -36 -36 -76z", p.dark)
	c.path("M394 74q-36 36 -74 44q30 26 52 38q26 -36 36 -76z", p.dark)
	c.rect(311, 118, 18, 286, 3, p.dark)
	for i := range 6 {
		c.circle(320, 142+float64(i)*46, 5, "#f1e2c4")
	}
	for _, x := range []float64{222, 350} {
		c.rect(x, 196, 68, 74, 6, p.main)
		c.path(fmt.Sprintf("M%.0f 192h72v22l-36 18l-36 -18z", x-2), p.dark)
		c.circle(x+34, 220, 4, "#f1e2c4")
	}
}

func waders(c *canvas, p palette, d *dice) {
	c.shadow(320, 452, 130)
	for _, x := range []float64{258, 382} {
		c.stroke(fmt.Sprintf("M%.0f 110q%.0f -50 %.0f -84", x, (320-x)*.3, (320-x)*.9), p.dark, 11)
	}
	c.path("M236 96q84 24 168 0q28 90 14 160l10 136h-84l-18 -120h-12l-18 120h-84l10 -136q-14 -70 14 -160z", p.main)
	c.shade("M236 96q18 6 32 8q-18 140 -20 288h-36l10 -136q-14 -70 14 -160z", "#ffffff", .13)
	c.stitch("M218 306h82M422 306h-82", "#f1e2c4")
	for _, x := range []float64{210, 344} { // neoprene feet
		c.path(fmt.Sprintf("M%.0f 384h86v34q12 14 -6 26h-86q-10 -8 -4 -24z", x-1), "#59605f")
		c.stroke(fmt.Sprintf("M%.0f 398h82", x+1), "#7d8583", 3)
	}
	c.pocket(p, 278, 140, 84, 60)
	c.rect(220, 236, 200, 15, 4, p.accent)
	c.rect(304, 230, 34, 27, 4, "#c2a35a")
	if d.n(2) == 0 {
		c.rect(238, 326, 36, 30, 4, p.accent)
		c.stitch("M242 330h28v22h-28z", "#f6ecd6")
	}
}

func flatCap(c *canvas, p palette, _ *dice) {
	c.shadow(320, 346, 210)
	crown := "M128 262q-10 -118 176 -132q176 -4 208 114q4 26 -14 40q-180 -26 -370 -22z"
	c.path(crown, p.main)
	c.clip("tweed", crown, func() {
		for i := -20; i < 34; i++ {
			c.stroke(fmt.Sprintf("M%d 100l120 200M%d 100l-120 200", i*22, 120+i*22), p.light, 1.1)
		}
		for i := range 7 {
			c.stroke(fmt.Sprintf("M80 %dq220 -60 460 10", 130+i*30), p.accent, 1.6)
		}
		c.shade("M100 220q220 30 420 20v60h-420z", p.dark, .35)
	})
	c.path("M126 262q190 -20 374 20q44 14 52 34q-100 22 -220 6q-120 -18 -200 -20q-14 -16 -6 -40z", p.dark) // peak
	c.stitch("M150 290q190 -4 380 26", "#f1e2c4")
	c.stroke("M304 132q-8 60 -2 130", p.dark, 2)
	c.circle(304, 132, 9, p.dark)
}

func hat(c *canvas, p palette, d *dice) {
	c.shadow(320, 374, 220)
	c.path("M210 250l26 -118q84 -44 168 0l26 118z", p.main)
	c.ellipse(320, 126, 84, 22, p.light)
	c.path("M206 222q114 34 228 0l10 40h-248z", "#efe5cf") // sheepskin band
	c.path("M196 254q124 34 248 0q70 30 112 82q-236 60 -472 0q42 -52 112 -82z", p.dark)
	c.stitch("M140 322q180 40 360 0M170 296q150 36 300 0", "#f1e2c4")
	for i := range 6 {
		x, y := 230+float64(i)*36, 238+float64((i%2)*8)
		colour := []string{p.accent, p.main, "#c2a35a", p.dark}[d.n(4)]
		c.ellipse(x, y, 10, 5, colour)
		c.stroke(fmt.Sprintf("M%.0f %.0fl-8 -12M%.0f %.0fl-1 -14", x+4, y-3, x+6, y-3), colour, 2.2)
	}
}
