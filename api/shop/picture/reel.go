package picture

import "fmt"

func flyReel(c *canvas, p palette, d *dice) {
	const x, y, r = 320.0, 236.0, 138.0
	c.shadow(x, 410, 150)
	c.path("M228 82q92 -38 184 0l-10 14q-82 -20 -164 0z", p.metal) // foot
	c.stroke("M320 72v40", p.metal, 18)
	c.circle(x, y, r+8, p.dark)
	c.circle(x, y, r, p.main)
	c.ring(x, y, r-12, p.light, 3)
	holes := 8 + 2*d.n(3)
	for i := range holes {
		hx, hy := polar(x, y, r-40, float64(i)*360/float64(holes))
		c.circle(hx, hy, 17, p.dark)
		c.circle(hx-1, hy+1, 12, p.paper)
	}
	inner := 5 + d.n(2)
	for i := range inner {
		hx, hy := polar(x, y, r-80, float64(i)*360/float64(inner)+18)
		c.circle(hx, hy, 8, p.dark)
	}
	c.circle(x, y, 30, p.metal)
	c.circle(x, y, 20, p.accent)
	c.circle(x, y, 6, p.metal)
	hx, hy := polar(x, y, r-24, d.between(15, 60))
	c.circle(hx+3, hy+4, 19, "#1d262433")
	c.circle(hx, hy, 18, p.cork)
	c.circle(hx-4, hy-5, 6, "#ffffff66")
	c.shade(fmt.Sprintf("M%.0f %.0fa%.0f %.0f 0 0 1 190 -64a170 170 0 0 0 -190 64z", x-124, y-40, r-4, r-4), "#ffffff", .22)
	c.stroke("M454 270q70 10 96 76t62 66", p.accent, 2.4)
}

func spinningReel(c *canvas, p palette, d *dice) {
	c.shadow(318, 420, 160)
	c.path("M196 66q92 -22 208 0l-6 15q-96 -12 -196 0z", p.metal) // foot
	c.path("M292 72h32l14 92h-52z", p.dark)                       // stem
	c.path("M226 176q20 -30 92 -30q84 0 100 44l10 76q-18 58 -104 58q-92 0 -104 -62z", p.main)
	c.path("M226 176q20 -30 92 -30q60 0 86 22q-60 -8 -104 6q-44 12 -80 40z", p.light)
	c.circle(310, 236, 40, p.dark)
	c.circle(310, 236, 30, p.metal)
	c.stroke("M310 236q-50 40 -88 104", "#4a5052", 11) // handle
	c.rect(186, 330, 66, 30, 14, p.cork)
	c.rect(192, 334, 54, 8, 4, "#ffffff55")
	c.rect(424, 168, 26, 136, 10, p.dark) // rotor
	c.rect(448, 158, 20, 156, 9, p.metal)
	c.rect(466, 170, 66, 132, 8, "#f3efe2") // line on the spool
	for x := 472.0; x < 530; x += 7 {
		c.stroke(fmt.Sprintf("M%.0f 172v128", x), "#cfc7ae", 1.6)
	}
	c.rect(530, 158, 16, 156, 8, p.metal)
	c.rect(544, 202, 22, 68, 8, p.accent)
	c.stroke(fmt.Sprintf("M440 176q%.0f -58 112 -20q26 60 -8 170", d.between(60, 84)), "#6a7173", 5) // bail
	c.stroke("M440 300q56 56 108 24", "#6a7173", 5)
	c.circle(548, 322, 8, p.accent)
}

func castingReel(c *canvas, p palette, d *dice) {
	c.shadow(312, 402, 190)
	c.path("M176 350q140 -26 280 0l8 14q-150 -14 -296 0z", p.metal) // foot
	c.rect(196, 150, 232, 186, 12, p.dark)
	c.rect(214, 170, 196, 118, 8, "#efe9d8") // spool of line
	for y := 178.0; y < 286; y += 8 {
		c.stroke(fmt.Sprintf("M216 %.0fh192", y), "#cbc2a6", 1.8)
	}
	at := d.between(262, 348)
	c.rect(206, 296, 212, 14, 6, p.metal) // level wind
	c.rect(at, 286, 30, 34, 6, p.accent)
	c.rect(196, 146, 232, 22, 9, p.metal)
	for _, x := range []float64{150, 412} {
		c.rect(x, 128, 64, 224, 32, p.main)
		c.rect(x+9, 140, 16, 200, 8, p.light)
	}
	c.rect(476, 206, 24, 62, 6, p.metal) // drag star and handle
	for i := range 5 {
		sx, sy := polar(506, 237, 40, float64(i)*72-90)
		c.stroke(fmt.Sprintf("M506 237L%.1f %.1f", sx, sy), p.accent, 9)
		c.circle(sx, sy, 7, p.accent)
	}
	c.stroke("M528 140L528 334", "#4a5052", 12)
	c.circle(528, 237, 13, p.metal)
	for _, y := range []float64{124, 318} {
		c.rect(520, y, 54, 32, 14, p.cork)
		c.rect(526, y+5, 42, 7, 3, "#ffffff55")
	}
}
