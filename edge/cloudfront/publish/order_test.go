package publish

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/cloudfront"
	"github.com/banyan-edge/banyan/edge/route"
)

// compiled is a table of these products as the store has it.
func compiled(t testing.TB, epoch uint64, slugs ...string) Wanted {
	cfg, findings := route.ReadConfig("banyan.yaml", []byte("products: {paths: [\"/shop/{product}\"]}\n"))
	require.NoError(t, findings.Err())
	var products []route.Product
	for _, slug := range slugs {
		products = append(products, route.Product{Slug: slug, Arm: route.Serverless, Share: route.Everyone})
	}
	table, findings := route.Compile(cfg, products, epoch)
	require.NoError(t, findings.Err())
	artifact, err := cloudfront.Compile(table, cloudfront.Options{})
	require.NoError(t, err)
	w := Wanted{
		Epoch: epoch, Items: make(map[string]string), Last: []string{cloudfront.TableKey},
		Group: func(key string) string { return strings.TrimRight(key, ">") },
	}
	for _, item := range artifact.Items {
		w.Items[item.Key] = item.Value
	}
	return w
}

// finds looks a product up as the function does: the table says how many shards
// there are, and the shard has it or goes on.
func finds(items map[string]string, slug string) bool {
	var head struct{ Shards int }
	if json.Unmarshal([]byte(items[cloudfront.TableKey]), &head) != nil || head.Shards == 0 {
		return false
	}
	sum := sha256.Sum256([]byte(slug))
	key := fmt.Sprintf("p%d.%d", head.Shards, int(binary.BigEndian.Uint32(sum[:])%uint32(head.Shards)))
	for {
		value, ok := items[key]
		if !ok {
			return false
		}
		if strings.Contains(value, "|"+slug+" ") {
			return true
		}
		if !strings.HasSuffix(value, ">") {
			return false
		}
		key += ">"
	}
}

func slugs(from, to int, name string) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("%s-%04d", name, i))
	}
	return list
}

func TestOrder_AProductThatStaysIsNeverMissing(t *testing.T) {
	long := "a-rod-with-a-name-as-long-as-only-a-marketing-department-can-make-it-of-split-cane-and-silk"
	for _, tables := range [][2][]string{
		{slugs(0, 400, "rod"), slugs(0, 2_000, "rod")},                                        // more shards
		{slugs(0, 2_000, "rod"), slugs(0, 400, "rod")},                                        // fewer
		{slugs(0, 2_000, "rod"), slugs(700, 2_700, "rod")},                                    // others
		{slugs(0, 1_500, long), append(slugs(700, 1_500, long), slugs(0, 700, "another")...)}, // shards that go on
	} {
		was, w := compiled(t, 12, tables[0]...), compiled(t, 13, tables[1]...)
		stays := make(map[string]bool)
		for _, slug := range tables[0] {
			stays[slug] = false
		}
		for _, slug := range tables[1] {
			if _, ok := stays[slug]; ok {
				stays[slug] = true
			}
		}
		now := published(was)
		p := Compare(now, w, nil)
		calls := order(p, w, Mark{}, Mark{Epoch: 13, Hash: hashItems(w.Items)})
		require.Greater(t, len(calls), 2)
		for n, call := range calls {
			require.LessOrEqual(t, len(call), KeysPerCall)
			now.take(call, "")
			for slug, both := range stays {
				if both {
					require.True(t, finds(now.Items, slug), "%s after call %d of %d", slug, n+1, len(calls))
				}
			}
		}
		require.True(t, Compare(now, w, nil).Nothing())
	}
}

func TestOrder_ToLegacyIsFirst(t *testing.T) {
	w := shards(13, 200)
	w.First, w.Last = []string{"table"}, nil
	calls := order(Compare(published(shards(12, 200)), w, nil), w, Mark{}, Mark{})
	require.Equal(t, MarkKey, calls[0][0].key)
	require.Equal(t, "table", calls[0][1].key)
}

func TestOrder_WhereTheStoreIsFullItNeverOverflows(t *testing.T) {
	// Every key is another, and each table fills the store to the brim.
	fill := func(epoch uint64, name string) Wanted {
		w := Wanted{Epoch: epoch, Items: map[string]string{"table": fmt.Sprint(epoch)}, Last: []string{"table"}}
		for i := range 4_000 {
			w.Items[fmt.Sprintf("%s.%d", name, i)] = strings.Repeat("v", 900)
			w.Items[fmt.Sprintf("stays.%d", i)] = strings.Repeat("v", 20+i%2*300*int(epoch%2)+(i+1)%2*300*int((epoch+1)%2))
		}
		return w
	}
	w := fill(13, "b")
	now := published(fill(12, "a"))
	p := Compare(now, w, nil)
	require.Empty(t, p.Problems)
	require.Greater(t, p.Quota.Peak, StoreBytes)
	for _, call := range order(p, w, Mark{}, Mark{Epoch: 13}) {
		now.take(call, "")
		require.LessOrEqual(t, sizeOf(now.Items), StoreBytes)
	}
	require.Zero(t, Compare(now, w, nil).Items())
}
