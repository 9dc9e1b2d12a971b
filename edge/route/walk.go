package route

import (
	"encoding/binary"
	"slices"
)

// Both questions about forms are answered by walking them character by
// character, breadth first, so that the first answer is a shortest. A path in
// both is sought pair of positions by pair, which is never more than the
// product of their lengths. A path in one and in none of others needs all
// positions where the others can stand at once; a star before many question
// marks makes them many, and walkStates bounds them.
const walkStates = 50_000

// trail is the steps of a walk so far; each step knows the one before.
type trail []step

type step struct {
	before int // index of the step before, -1 at the start
	char   byte
}

// path returns the characters that lead to step i.
func (t trail) path(i int) string {
	var reversed []byte
	for ; t[i].before >= 0; i = t[i].before {
		reversed = append(reversed, t[i].char)
	}
	slices.Reverse(reversed)
	return string(reversed)
}

// pair is a position in each of two forms, and how the path ends there.
type pair struct {
	a, b int
	tail tail
}

// common returns a shortest canonical path that both forms match, or "".
func common(a, b form) string {
	if a.beginsUnlike(b) {
		return ""
	}
	letters := alphabet(a, b)
	steps := trail{{before: -1}}
	seen := map[pair]bool{{}: true}
	layer := []paced{{at: 0}}
	for len(layer) > 0 {
		var next []paced
		for i := 0; i < len(layer); i++ { // grows by what is behind runs that end here
			p := layer[i]
			if p.a == len(a) && p.b == len(b) && p.tail.mayEnd() {
				return steps.path(p.at)
			}
			for _, q := range skip(a, b, p.pair) {
				if !seen[q] {
					seen[q] = true
					layer = append(layer, paced{q, p.at})
				}
			}
			if p.a == len(a) || p.b == len(b) {
				continue
			}
			for _, c := range letters {
				tail, ok := p.tail.then(c)
				q := pair{a.behind(p.a), b.behind(p.b), tail}
				if ok && a[p.a].takes(c) && b[p.b].takes(c) && !seen[q] {
					seen[q] = true
					steps = append(steps, step{p.at, c})
					next = append(next, paced{q, len(steps) - 1})
				}
			}
		}
		layer = next
	}
	return ""
}

// beginsUnlike reports whether the literals that both begin with differ, which
// is soon seen and true of most pairs.
func (f form) beginsUnlike(other form) bool {
	for i := range min(len(f), len(other)) {
		switch {
		case f[i].kind != literal || other[i].kind != literal:
			return false
		case f[i].char != other[i].char:
			return true
		}
	}
	return false
}

// paced is a pair with the last step of the way to it.
type paced struct {
	pair
	at int
}

// behind returns where a walk stands after a character of the element at i.
func (f form) behind(i int) int {
	if f[i].isRun() {
		return i
	}
	return i + 1
}

// skip returns the pairs behind a run that ends here.
func skip(a, b form, p pair) (pairs []pair) {
	if p.a < len(a) && a[p.a].isRun() {
		pairs = append(pairs, pair{p.a + 1, p.b, p.tail})
	}
	if p.b < len(b) && b[p.b].isRun() {
		pairs = append(pairs, pair{p.a, p.b + 1, p.tail})
	}
	return pairs
}

// apart returns a shortest canonical path that the form matches and none of
// the others does, or "". It is not known where the walk was given up.
func apart(f form, others []form) (path string, known bool) {
	letters := alphabet(append([]form{f}, others...)...)
	out := newCrowd(letters, others...)
	steps := trail{{before: -1}}
	seen := map[string]bool{}
	layer := []lone{{out: out.start}}
	for len(layer) > 0 {
		var next []lone
		for i := 0; i < len(layer); i++ { // grows by what is behind runs that end here
			s := layer[i]
			if s.in == len(f) {
				if !s.out.meets(out.ends) && s.tail.mayEnd() {
					return steps.path(s.at), true
				}
				continue
			}
			if f[s.in].isRun() {
				behind := s
				behind.in++
				if behind.isNew(seen) {
					layer = append(layer, behind)
				}
			}
			for n, c := range letters {
				tail, ok := s.tail.then(c)
				if !ok || !f[s.in].takes(c) {
					continue
				}
				on := lone{f.behind(s.in), out.step(s.out, n), tail, len(steps)}
				if on.isNew(seen) {
					next, steps = append(next, on), append(steps, step{s.at, c})
				}
			}
			if len(seen) > walkStates {
				return "", false
			}
		}
		layer = next
	}
	return "", true
}

// lone is a position in a form, all positions in the others, and the last step
// of the way there.
type lone struct {
	in   int
	out  positions
	tail tail
	at   int
}

// isNew reports whether the state was not seen before, and notes it.
func (s lone) isNew(seen map[string]bool) bool {
	key := string(s.out.append([]byte{byte(s.in), byte(s.in >> 8), byte(s.tail.kind), s.tail.high}))
	if seen[key] {
		return false
	}
	seen[key] = true
	return true
}

// positions are where in some forms a walk can stand, a bit for each.
type positions []uint64

func (p positions) set(i int) { p[i/64] |= 1 << (i % 64) }

func (p positions) meets(q positions) bool {
	for i := range p {
		if p[i]&q[i] != 0 {
			return true
		}
	}
	return false
}

func (p positions) append(to []byte) []byte {
	for _, word := range p {
		to = binary.LittleEndian.AppendUint64(to, word)
	}
	return to
}

// crowd is forms that are walked together, one behind the other in the bits.
type crowd struct {
	start, ends, runs positions
	takes             []positions // by letter
}

func newCrowd(letters []byte, forms ...form) *crowd {
	size := 0
	for _, f := range forms {
		size += len(f) + 1
	}
	none := func() positions { return make(positions, size/64+1) }
	c := &crowd{start: none(), ends: none(), runs: none()}
	for range letters {
		c.takes = append(c.takes, none())
	}
	at := 0
	for _, f := range forms {
		c.start.set(at)
		for i, e := range f {
			if e.isRun() {
				c.runs.set(at + i)
			}
			for n, letter := range letters {
				if e.takes(letter) {
					c.takes[n].set(at + i)
				}
			}
		}
		at += len(f) + 1
		c.ends.set(at - 1)
	}
	c.settle(c.start)
	return c
}

// step returns where the walk can stand after a letter.
func (c *crowd) step(from positions, letter int) positions {
	next := make(positions, len(from))
	carry := uint64(0)
	for i, word := range from {
		moved := word & c.takes[letter][i]
		on := moved &^ c.runs[i]
		next[i] = moved&c.runs[i] | on<<1 | carry
		carry = on >> 63
	}
	c.settle(next)
	return next
}

// settle adds the positions behind runs that may be empty.
func (c *crowd) settle(p positions) {
	for more := true; more; {
		more = false
		carry := uint64(0)
		for i, word := range p {
			runs := word & c.runs[i]
			behind := runs<<1 | carry
			carry = runs >> 63
			if behind&^word != 0 {
				p[i] |= behind
				more = true
			}
		}
	}
}
