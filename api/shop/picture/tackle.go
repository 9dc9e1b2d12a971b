package picture

import "fmt"

func creel(c *canvas, p palette, d *dice) {
	leather := []string{"#6b3a1e", "#4a2d1b", p.dark}[d.n(3)]
	c.shadow(320, 412, 190)
	c.stroke("M168 196q-40 -150 150 -152q190 0 156 152", "#7c4a28", 15) // strap
	c.stroke("M168 196q-40 -150 150 -152q190 0 156 152", "#9b6238", 8)
	bulge := d.between(18, 44)
	body := fmt.Sprintf("M150 208h340q%.0f 100 -34 186q-136 26 -272 0q%.0f -86 -34 -186z", bulge, -34-bulge)
	c.path(body, "#c79a5b")
	c.clip("weave", body, func() {
		for row := range 12 {
			for col := range 22 {
				x, y := 112+float64(col)*20+float64(row%2)*10, 208+float64(row)*17
				c.rect(x, y, 17, 13, 6, []string{"#d9b377", "#b98948", "#cda262"}[(row*3+col*2+d.n(2))%3])
			}
		}
		c.shade("M420 200h120v220h-150q44 -100 30 -220z", "#5b3a1a", .18)
		c.shade("M120 200h90q-24 110 12 220h-100z", "#ffffff", .16)
	})
	c.path("M136 168q184 -34 368 0l8 44h-384z", "#b98948") // lid
	for x := 150.0; x < 500; x += 17 {
		c.stroke(fmt.Sprintf("M%.0f 168l-4 38", x), "#d9b377", 6)
	}
	c.rect(128, 204, 384, 13, 6, "#8a5a2f")
	c.rect(268, 158, 104, 26, 9, "#3b2a1b") // hole in the lid
	c.rect(300, 196, 40, 104, 8, leather)   // latch
	c.stitch("M306 204v88M334 204v88", "#f1e2c4")
	c.rect(292, 268, 56, 26, 6, "#c2a35a")
	c.rect(302, 275, 36, 12, 3, leather)
	for _, x := range []float64{176, 444} {
		c.rect(x, 186, 22, 190, 6, leather)
		c.stitch(fmt.Sprintf("M%.0f 192v178M%.0f 192v178", x+5, x+17), "#f1e2c4")
	}
}

func box(c *canvas, p palette, d *dice) {
	c.shadow(320, 412, 210)
	for i := range 3 { // trays, as they rise
		x, y := 134+float64(i)*34, 214-float64(i)*44
		c.stroke(fmt.Sprintf("M%.0f %.0fL%.0f %.0f", x+40, y+30, x+70, y-6), "#4a5052", 6)
		c.rect(x, y, 300, 38, 5, p.metal)
		c.rect(x+6, y+6, 288, 26, 3, p.paper)
		for n := range 6 {
			c.rect(x+6+float64(n)*48, y+6, 3, 26, 0, p.metal)
			cx := x + 32 + float64(n)*48
			switch d.n(4) {
			case 0:
				c.ellipse(cx, y+19, 15, 6, p.accent)
			case 1:
				c.ellipse(cx, y+19, 12, 8, p.main)
				c.circle(cx+5, y+17, 2, "#fff")
			case 2:
				c.circle(cx-5, y+19, 6, p.cork)
				c.circle(cx+7, y+20, 5, p.light)
			default:
				c.stroke(fmt.Sprintf("M%.0f %.0fq14 10 20 -6", cx-10, y+16), "#5a5f60", 2.4)
			}
		}
	}
	c.path("M120 256h400v136q0 14 -14 14h-372q-14 0 -14 -14z", p.main)
	c.rect(120, 256, 400, 20, 2, p.dark)
	c.rect(134, 284, 372, 10, 4, p.light)
	c.rect(286, 264, 68, 54, 8, p.metal)
	c.rect(302, 288, 36, 20, 5, "#4a5052")
	for _, x := range []float64{142, 478} {
		c.circle(x, 384, 6, p.metal)
		c.circle(x, 312, 6, p.metal)
	}
	c.rect(176, 330, 108, 50, 6, "#f4ecd8")
	c.stroke("M190 346h78M190 360h52", p.accent, 4)
}

// net lies on its side with its bag hanging out of the bow.
func net(c *canvas, p palette, d *dice) {
	c.shadow(300, 424, 190)
	c.group(fmt.Sprintf("rotate(%.1f 320 240)", d.between(-9, -2)), func() {
		bag := "M92 176q-18 150 70 214q92 54 176 -10q84 -74 74 -206q-150 96 -320 2z"
		c.clip("bag", bag, func() {
			c.shade("M60 150h380v290h-380z", p.mist, .8)
			for i := range 19 { // mesh, drawn together towards the bottom
				x := 40 + i*24
				c.stroke(fmt.Sprintf("M%d 130Q%d 300 %d 460", x, x-20+(320-x)/4, x+(250-x)/2), p.dark, 1.5)
				c.stroke(fmt.Sprintf("M60 %dq190 %d 380 -6", 150+i*17, 90-i*3), p.dark, 1.3)
			}
		})
		c.stroke(bag, p.dark, 1.6)
		bow := "M398 178q-6 -86 -146 -92q-152 0 -164 88q10 84 160 86q128 -2 150 -82z"
		c.stroke(bow, "#7a4c26", 19)
		c.stroke(bow, "#c08a4e", 8)
		c.path("M388 150q46 4 78 10l106 -4q16 4 16 22t-16 22l-106 -2q-32 8 -78 10z", "#7a4c26")
		c.path("M398 160q40 4 70 8l102 -4q8 2 8 8l-110 4q-36 2 -70 -4z", "#c08a4e")
		c.rect(462, 152, 14, 52, 4, p.metal)
		c.rect(548, 152, 12, 50, 4, p.accent)
		c.stroke("M588 178q28 6 18 44", p.accent, 4)
	})
}

func flyBox(c *canvas, p palette, d *dice) {
	c.shadow(320, 412, 200)
	c.path("M132 60h376q14 0 14 14v142h-404v-142q0 -14 14 -14z", p.metal) // lid
	c.rect(134, 76, 372, 130, 6, p.main)
	c.shade("M134 76h210l-90 130h-120z", "#ffffff", .14)
	c.rect(118, 216, 404, 186, 12, p.metal)
	c.rect(134, 226, 372, 162, 6, "#f1ead8")
	c.rect(302, 208, 36, 16, 5, p.dark)
	for row := range 3 {
		y := 246 + float64(row)*52
		c.rect(142, y+22, 356, 8, 4, p.line)
		for col := range 8 {
			x := 168 + float64(col)*43
			if d.n(9) == 0 {
				continue // one is out fishing
			}
			colour := []string{p.main, p.accent, p.dark, p.cork, p.light}[d.n(5)]
			c.stroke(fmt.Sprintf("M%.0f %.0fh-12q-9 2 -8 12q2 9 10 6", x+12, y+14), "#4a5052", 2.4)
			c.ellipse(x+1, y+12, 11, 5.4, colour)
			c.stroke(fmt.Sprintf("M%.0f %.0fl-6 -14M%.0f %.0fl0 -15M%.0f %.0fl6 -13", x+6, y+9, x+7, y+9, x+8, y+9), colour, 2)
			c.stroke(fmt.Sprintf("M%.0f %.0fl-9 -5M%.0f %.0fl-9 1", x-9, y+11, x-9, y+12), p.accent, 1.8)
		}
	}
}

func bag(c *canvas, p palette, d *dice) {
	c.shadow(320, 414, 200)
	c.stroke("M150 190q-20 -140 170 -142q190 2 170 142", "#7c4a28", 14)
	c.stitch("M150 190q-20 -140 170 -142q190 2 170 142", "#f1e2c4")
	c.path("M126 180h388l14 204q0 22 -22 22h-372q-22 0 -22 -22z", p.main)
	c.shade("M126 180h80l-20 226h-52q-22 0 -22 -22z", "#ffffff", .12)
	c.shade("M440 180h74l14 204q0 22 -22 22h-60z", "#000000", .12)
	depth := d.between(290, 322)
	c.path(fmt.Sprintf("M116 168q204 -26 408 0l4 %.0fq-208 56 -416 0z", depth-168), p.dark)
	c.stitch(fmt.Sprintf("M124 %.0fq196 50 392 0", depth-12), "#f1e2c4")
	for _, x := range []float64{196, 404} {
		c.rect(x, 206, 40, 152, 7, "#7c4a28")
		c.stitch(fmt.Sprintf("M%.0f 212v140M%.0f 212v140", x+6, x+34), "#f1e2c4")
		c.rect(x-7, 316, 54, 30, 5, "#c2a35a")
		c.rect(x+5, 323, 30, 16, 3, "#7c4a28")
	}
	c.rect(286, 226, 68, 42, 6, p.cork)
	c.stroke("M300 240h40M300 252h26", p.dark, 3)
}

func wallet(c *canvas, p palette, d *dice) {
	c.shadow(320, 408, 200)
	c.group(fmt.Sprintf("rotate(%.1f 320 240)", d.between(-7, -3)), func() {
		for i := range 5 { // felt leaves
			c.rect(146+float64(i)*5, 108+float64(i)*7, 356, 262, 10, []string{"#efe5cf", "#d9cdb2"}[i%2])
		}
		c.rect(126, 100, 372, 280, 18, p.main)
		c.shade("M144 100h336q18 0 18 18l-372 190v-190q0 -18 18 -18z", "#ffffff", .10)
		c.stitch("M142 116h340v248h-340z", "#f1e2c4")
		c.rect(418, 204, 116, 70, 30, p.dark)
		c.stitch("M428 214h76q22 4 22 25t-22 25h-76", "#f1e2c4")
		c.circle(504, 239, 11, "#c2a35a")
		c.circle(501, 236, 4, "#ffffff88")
		c.stroke("M196 300q60 -40 104 -6t86 -14", p.dark, 4)
		c.stroke("M196 326q60 -40 104 -6t86 -14", p.dark, 3)
	})
}

func tin(c *canvas, p palette, d *dice) {
	c.shadow(320, 400, 210)
	c.path("M150 78h340q20 0 22 20l10 128h-404l10 -128q2 -20 22 -20z", "#a9853f") // lid
	c.path("M164 94h312q10 0 11 10l8 106h-350l8 -106q1 -10 11 -10z", "#d9bd7c")
	c.rect(202, 142, 236, 26, 13, "#f7f2e4") // the thermometer
	c.rect(212, 151, 150+d.between(0, 40), 8, 4, "#b03a2e")
	c.circle(214, 155, 11, "#b03a2e")
	for x := 244.0; x < 428; x += 14 {
		c.stroke(fmt.Sprintf("M%.0f 144v6", x), "#5a5f60", 1.6)
	}
	c.rect(112, 226, 416, 158, 16, "#8a6a2c")
	c.rect(112, 226, 416, 40, 12, "#b8934a")
	c.rect(128, 240, 384, 128, 8, "#d3b571")
	c.rect(292, 216, 56, 26, 6, "#8a6a2c")
	c.circle(320, 304, 40, "#b8934a")
	c.ring(320, 304, 34, "#8a6a2c", 2)
	c.stroke("M296 310q12 -14 24 -4t26 -8", p.dark, 4)
}
