package picture

import (
	"fmt"
	"strings"
)

// plugBody is a wooden minnow, nose right.
const plugBody = "M118 246q44 -84 190 -88q140 0 214 84q-66 78 -206 82q-150 0 -198 -78z"

func plug(c *canvas, p palette, d *dice) {
	c.shadow(320, 430, 190)
	c.minnow("body", p, d)
}

// plugs are a box's worth, laid out.
func plugs(c *canvas, p palette, d *dice) {
	c.rect(54, 50, 532, 388, 14, "#9b6a3c")
	c.rect(70, 66, 500, 356, 8, "#f1e6cf")
	c.rect(316, 66, 8, 356, 0, "#9b6a3c")
	c.rect(70, 180, 500, 8, 0, "#9b6a3c")
	c.rect(70, 300, 500, 8, 0, "#9b6a3c")
	for i := range 6 {
		x, y := 84+i%2*254, 42+i/2*121
		c.group(fmt.Sprintf("translate(%d %d) scale(.36)", x, y), func() {
			c.minnow(fmt.Sprintf("body%d", i), palettes[(d.n(2)+i*3)%len(palettes)], d)
		})
	}
}

func (c *canvas) minnow(id string, p palette, d *dice) {
	c.path("M498 262q40 16 62 60q-44 -2 -84 -34z", "#dfe6e6") // diving lip
	c.stroke("M498 262q40 16 62 60q-44 -2 -84 -34z", "#98a3a3", 2.5)
	c.treble(388, 318, 72)
	c.treble(244, 316, 72)
	c.path("M128 246l-62 -52q14 50 0 104z", p.dark)
	c.path(plugBody, p.main)
	c.clip(id, plugBody, func() {
		c.path("M100 262q200 44 440 -12v90h-440z", "#f2ead6")
		c.path("M100 150h440v62q-220 -34 -440 22z", p.dark)
		c.pattern(p, d)
		c.path("M440 130h110v220h-110q-22 -110 0 -220z", p.accent)
		c.shade("M150 196q150 -46 330 -8q-150 -14 -330 22z", "#ffffff", .5)
	})
	c.stroke("M444 190q26 50 0 104", p.dark, 4) // gill
	c.circle(480, 220, 19, "#f6efdc")
	c.circle(480, 220, 13, "#d9a52e")
	c.circle(482, 220, 7, "#15191a")
	c.circle(485, 216, 2.4, "#ffffff")
	c.ring(532, 246, 8, "#5a5f60", 3.4)
}

// pattern is what the plug is painted with: bars, spots or scales.
func (c *canvas) pattern(p palette, d *dice) {
	switch d.n(3) {
	case 0:
		for x := 176.0; x < 430; x += 46 {
			c.shade(fmt.Sprintf("M%.0f 160q26 60 -4 120h22q24 -60 0 -120z", x), p.dark, .55)
		}
	case 1:
		for i := range 16 {
			c.circle(160+float64(i)*17, 218+d.between(-26, 34), d.between(4, 9), p.accent)
		}
	default:
		var scales strings.Builder
		for row := range 6 {
			for col := range 17 {
				fmt.Fprintf(&scales, "M%d %da9 9 0 0 0 18 0", 140+col*19+row%2*9, 182+row*18)
			}
		}
		c.stroke(scales.String(), p.light, 1.8)
	}
}

func spoon(c *canvas, p palette, d *dice) {
	count := 1 + d.n(2)
	metals := []string{p.metal, "#c98a55"}
	for i := range count {
		shift := float64(i)*150 - float64(count-1)*75
		c.group(fmt.Sprintf("translate(%.0f %.0f) rotate(%.0f 320 220)", shift, float64(i)*6, d.between(-14, -4)+float64(i)*14), func() {
			c.shade("M330 84q92 80 66 178q-18 66 -66 74q-50 -8 -66 -74q-26 -98 66 -178z", "#1d2624", .10)
			c.ring(320, 62, 12, "#5a5f60", 4)
			body := "M320 74q90 82 64 178q-18 64 -64 72q-46 -8 -64 -72q-26 -96 64 -178z"
			c.path(body, metals[(i+d.n(2))%2])
			c.clip(fmt.Sprintf("spoon%d", i), body, func() {
				c.path("M320 60q40 130 0 280h-110v-280z", p.main)
				for n := range 26 {
					c.circle(264+float64(n%5)*28+d.between(-6, 6), 128+float64(n/5)*36+d.between(-8, 8), d.between(5, 9), "#ffffff2e")
				}
				c.shade("M344 92q52 74 36 160q-8 34 -22 48q22 -106 -14 -208z", "#ffffff", .45)
			})
			c.ring(320, 334, 10, "#5a5f60", 3.4)
			c.treble(320, 344, 66)
			c.path("M312 388q-22 26 -14 54q12 -14 18 -4q6 -12 18 4q8 -28 -14 -54z", p.accent)
		})
	}
}

func fly(c *canvas, p palette, d *dice) {
	c.shadow(330, 424, 150)
	c.stroke("M500 214H250q-66 2 -70 66q2 56 54 58q40 -2 44 -44", "#3e4546", 7) // hook
	c.path("M278 300l-2 -26l16 18z", "#3e4546")
	c.ring(512, 212, 11, "#3e4546", 5)
	for i := range 9 { // tail
		c.stroke(fmt.Sprintf("M256 208q-60 %.0f -112 %.0f", -10-float64(i)*3, -64+float64(i)*11), []string{p.accent, p.light, p.cork}[i%3], 3)
	}
	c.path("M250 206q40 -30 150 -28q54 2 72 34q-20 34 -78 34q-104 0 -144 -40z", p.main) // body
	for i := range 8 {
		c.stroke(fmt.Sprintf("M%d 184q14 30 -4 60", 284+i*22), p.metal, 3.6)
	}
	for i := range 15 { // hackle
		c.stroke(fmt.Sprintf("M%d 240q-24 %.0f -52 %.0f", 318+i*11, 30+d.between(0, 14), 78+d.between(-12, 16)), p.accent, 2)
	}
	for i := range 6 { // wing
		lift := float64(i) * 15
		c.shade(fmt.Sprintf("M470 196q-90 %.0f -270 %.0fq110 %.0f 270 %.0fz", -70-lift*.7, -44-lift, 6+lift*.2, 44+lift*.8),
			[]string{p.cork, p.light, p.dark, "#f3ecd9", p.accent, p.main}[i], .82)
	}
	c.path("M462 188q30 2 40 24q-10 22 -40 24q-12 -24 0 -48z", "#22282a")
	c.stroke("M470 198q14 2 20 10", "#ffffff88", 3)
}
