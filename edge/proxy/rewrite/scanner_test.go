package rewrite

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestScanner_CountsNamesOfOriginsOnly(t *testing.T) {
	for body, want := range map[string]int{
		`<a href="http://old.internal:9000/a">`: 1, `<a href="//old.internal/a">`: 1, "https://OLD.Internal": 1, `{"u":"http:\/\/old.internal:9000\/a"}`: 1,
		"u=http%3A%2F%2Fold.internal%3A9000": 1, "old.internal, old.internal.": 2, "old.internalold.internal": 0, "ann@old.internal": 1, "ann%40old.internal": 1,
		"very-old.internal": 0, "a.old.internal": 0, "old.internal.example": 0, "old.internals": 0, "old.internal-2": 0, "old.internal:9999": 0, "old.internal:80": 1,
		"http://old.internal:90001": 0, "http://[::1]:9002/": 1, "127.0.0.1:9001 127.0.0.1:9009 127.0.0.11": 1, "shop.example.com": 0, "": 0, "old.interna": 0,
	} {
		s := shop(t).Scanner()
		_, err := io.WriteString(s, body)
		require.NoError(t, err)
		count := 0
		for _, m := range s.Found() {
			count += m.Count
		}
		require.Equal(t, want, count, body)
	}
}

func TestScanner_SaysWhichNameMostFirst(t *testing.T) {
	s := shop(t).Scanner()
	_, _ = io.WriteString(s, "http://127.0.0.1:9001/ old.internal old.internal xn--bcher-kva.internal")
	require.Equal(t, []Mention{{"old.internal:9000", 2}, {"127.0.0.1:9001", 1}, {"xn--bcher-kva.internal", 1}}, s.Found())
}

func TestScanner_PiecesCountAsTheWhole(t *testing.T) {
	r := shop(t)
	rapid.Check(t, func(t *rapid.T) {
		body := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"http://old.internal:9000/", "old.internal", ".", "x", " ", "%2F", "127.0.0.1:9001", ":9", strings.Repeat("z", 300), "[::1]:9002"}), 0, 40).Draw(t, "body"), "")
		whole, pieces := r.Scanner(), r.Scanner()
		_, _ = io.WriteString(whole, body)
		for rest := body; rest != ""; {
			n := rapid.IntRange(1, min(len(rest), 50)).Draw(t, "piece")
			_, _ = io.WriteString(pieces, rest[:n])
			rest = rest[n:]
			require.Less(t, len(pieces.window), 500, "little is held")
		}
		require.Equal(t, whole.Found(), pieces.Found())
	})
}

func BenchmarkScanner(b *testing.B) {
	body := []byte(strings.Repeat(`<a class="rod" href="/shop/rods/muskie-casting-rod">Muskie Casting Rod</a>`+"\n", 1000))
	s := shop(b).Scanner()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		_, _ = s.Write(body)
	}
}
