package route

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const benchConfig = `
storefront: https://shop.example.com
origins:
  legacy: {url: http://127.0.0.1:9000}
products:
  paths: ["/shop/{category}/{product}", "/shop/{category}/{product}/*"]
routes:
  - {name: checkout, path: /checkout*, to: serverless}
  - {name: orders, path: "/orders/*", to: serverless}
  - {name: pictures, path: "*.svg", to: legacy}
`

var catalogueSizes = []int{10, 1_000, 100_000}

// catalogue is a products.yaml of n products, one in ten of them with a share
// and a schedule.
func catalogue(n int) []byte {
	var b strings.Builder
	b.WriteString("# products.yaml\n")
	for i := range n {
		if i%10 == 3 {
			fmt.Fprintf(&b, "product-%06d:\n  arm: serverless\n  share: 25%%   # of shoppers\n  from: 2026-11-27T08:00:00Z\n  until: 2026-11-27T20:00:00Z\n  stock: 1\n", i)
			continue
		}
		fmt.Fprintf(&b, "product-%06d: %s\n", i, []string{"legacy", "serverless"}[i%2])
	}
	return []byte(b.String())
}

func benchTable(b *testing.B, n int) *Table {
	cfg, findings := ReadConfig("banyan.yaml", []byte(benchConfig))
	require.NoError(b, findings.Err())
	products, findings := ReadProducts("products.yaml", catalogue(n))
	require.NoError(b, findings.Err())
	table, findings := Compile(cfg, products, 1)
	require.NoError(b, findings.Err())
	return table
}

// BenchmarkDecide asks for products all over the catalogue, so that the
// processor's caches help no more than they would in a shop.
func BenchmarkDecide(b *testing.B) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, n := range catalogueSizes {
		table := benchTable(b, n)
		for _, kind := range []struct {
			name string
			of   func(i int) int
		}{
			{"plain", func(i int) int { return i*7919%n/10*10 + 1 }},
			{"share", func(i int) int { return i*7919%n/10*10 + 3 }},
		} {
			requests := make([]Request, 4096)
			for i := range requests {
				requests[i] = Request{Method: "GET", Path: fmt.Sprintf("/shop/rods/product-%06d", kind.of(i)), Visitor: "0123456789abcdef0123456789abcdef", Now: now}
			}
			b.Run(fmt.Sprintf("%s/products=%d", kind.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if d := table.Decide(requests[i%len(requests)]); d.Product == "" {
						b.Fatal(d)
					}
				}
			})
		}
	}
}

// BenchmarkLoad reads and compiles a catalogue.
func BenchmarkLoad(b *testing.B) {
	cfg, _ := ReadConfig("banyan.yaml", []byte(benchConfig))
	for _, n := range catalogueSizes {
		src := catalogue(n)
		b.Run(fmt.Sprintf("products=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				products, findings := ReadProducts("products.yaml", src)
				require.NoError(b, findings.Err())
				_, findings = Compile(cfg, products, 1)
				require.NoError(b, findings.Err())
			}
		})
	}
}

// BenchmarkCanonical reads a plain path and one with something to decode.
func BenchmarkCanonical(b *testing.B) {
	for _, path := range []string{"/shop/rods/muskie-casting-rod", "/shop/rods/muskie%2Dcasting%2Drod"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Canonical(path)
			}
		})
	}
}
