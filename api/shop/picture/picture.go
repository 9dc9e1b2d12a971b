// Package picture draws the shop's products as SVG: one still life a kind, in
// colours and small variations that follow from a seed, so that a product always
// looks the same and no two look alike.
//
// A picture is self-contained: no script, no style sheet, no font, no reference
// to anything outside it.
package picture

import "hash/fnv"

// Kind is what is drawn.
type Kind string

// The kinds.
const (
	CastingRod   Kind = "casting-rod"
	SpinningRod  Kind = "spinning-rod"
	FlyRod       Kind = "fly-rod"
	CastingReel  Kind = "casting-reel"
	SpinningReel Kind = "spinning-reel"
	FlyReel      Kind = "fly-reel"
	Plug         Kind = "plug"
	Plugs        Kind = "plugs"
	Spoon        Kind = "spoon"
	Fly          Kind = "fly"
	Creel        Kind = "creel"
	Box          Kind = "box"
	Net          Kind = "net"
	FlyBox       Kind = "fly-box"
	Bag          Kind = "bag"
	Wallet       Kind = "wallet"
	Tin          Kind = "tin"
	Jacket       Kind = "jacket"
	Vest         Kind = "vest"
	Sweater      Kind = "sweater"
	Waders       Kind = "waders"
	Hat          Kind = "hat"
	Cap          Kind = "cap"
	Shirt        Kind = "shirt"
)

// Width and Height are a picture's size in its own units.
const (
	Width  = 640
	Height = 480
)

// Subject is what to draw.
type Subject struct {
	Kind  Kind   // an unknown one is drawn as a box
	Tint  Tint   // the thing's colour; empty follows from the seed
	Seed  string // decides what nothing else does
	Title string // what a screen reader says where the picture stands alone
}

// Draw returns the picture of a subject.
func Draw(s Subject) []byte {
	c := newCanvas(s.Title)
	d := dice(hash(s.Seed))
	p := palettes[d.n(len(palettes))]
	for _, tinted := range palettes {
		if tinted.tint == s.Tint {
			p = tinted
		}
	}
	c.scene(p, &d)
	draw, ok := drawers()[s.Kind]
	if !ok {
		draw = box
	}
	draw(c, p, &d)
	return c.end()
}

type drawer func(c *canvas, p palette, d *dice)

func drawers() map[Kind]drawer {
	return map[Kind]drawer{
		CastingRod: castingRod, SpinningRod: spinningRod, FlyRod: flyRod,
		CastingReel: castingReel, SpinningReel: spinningReel, FlyReel: flyReel,
		Plug: plug, Plugs: plugs, Spoon: spoon, Fly: fly,
		Creel: creel, Box: box, Net: net, FlyBox: flyBox, Bag: bag, Wallet: wallet, Tin: tin,
		Jacket: jacket, Vest: vest, Sweater: sweater, Waders: waders, Hat: hat, Cap: flatCap, Shirt: shirt,
	}
}

// dice are small choices that follow from a seed (xorshift).
type dice uint64

func (d *dice) n(sides int) int {
	x := uint64(*d)
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*d = dice(x)
	return int(x>>33) % sides
}

// between returns a number in [low, high].
func (d *dice) between(low, high float64) float64 {
	return low + (high-low)*float64(d.n(1001))/1000
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash does not fail
	return h.Sum64() | 1
}
