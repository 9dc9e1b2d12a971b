package cloudfront

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// keyed returns items by key.
func keyed(items []Item) map[string]string {
	m := make(map[string]string, len(items))
	for _, i := range items {
		m[i.Key] = i.Value
	}
	return m
}

// changed returns the keys at which two artifacts differ.
func changed(a, b *Artifact) (keys []string) {
	before, after := keyed(a.Items), keyed(b.Items)
	for key, value := range before {
		if after[key] != value {
			keys = append(keys, key)
		}
	}
	for key := range after {
		if _, ok := before[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// flipped returns the table with one product changed, as the next epoch.
func flipped(t *testing.T, table *route.Table, p route.Product) *route.Table {
	products := table.Products()
	i := slices.IndexFunc(products, func(q route.Product) bool { return q.Slug == p.Slug })
	require.GreaterOrEqual(t, i, 0)
	products[i] = p
	next, findings := route.Compile(table.Config(), products, table.Epoch()+1)
	require.NoError(t, findings.Err())
	return next
}

func TestItems_100000ProductsFit(t *testing.T) {
	table := bigTable(t)
	a, err := Compile(table, Options{})
	require.NoError(t, err)
	longest := 0
	for _, i := range a.Items {
		require.LessOrEqual(t, len(i.Key), KeyBytes)
		require.LessOrEqual(t, len(i.Value), ValueBytes)
		longest = max(longest, len(i.Value))
	}
	require.Less(t, len(a.ItemsFile()), StoreBytes)
	t.Logf("%d items, %d bytes to import, longest value %d", len(a.Items), len(a.ItemsFile()), longest)

	products := table.Products() // all of them on the serverless arm
	for i := range products {
		products[i].Arm = route.Serverless
	}
	all, findings := route.Compile(table.Config(), products, 2)
	require.NoError(t, findings.Err())
	a, err = Compile(all, Options{})
	require.NoError(t, err)
	t.Logf("all flipped: %d items, %d bytes to import", len(a.Items), len(a.ItemsFile()))
}

func TestItems_OfATableThatDoesNotFitAreAnErrorWithFigures(t *testing.T) {
	cfg, _ := route.ReadConfig("banyan.yaml", []byte(shopConfig))
	products := make([]route.Product, 100_000)
	for i := range products {
		products[i] = route.Product{Slug: fmt.Sprintf("%s-%06d", strings.Repeat("long", 15), i), Arm: route.Serverless, Share: route.Everyone}
	}
	table, findings := route.Compile(cfg, products, 1)
	require.NoError(t, findings.Err())
	_, err := Compile(table, Options{})
	require.ErrorIs(t, err, ErrLimit)
	require.Regexp(t, `the items of 100000 products take \d+ bytes where a key-value store takes 4998000 \(\d+ bytes a product where 49 would do\)`, err.Error())
}

func TestItems_AFlipChangesOneShardAndTheEpoch(t *testing.T) {
	table := bigTable(t)
	before := compileTable(t, table)
	for _, p := range []route.Product{
		{Slug: "vintage-fishing-tackle-000000", Arm: route.Serverless, Share: route.Everyone},
		{Slug: "vintage-fishing-tackle-000001", Arm: route.Legacy, Share: route.Everyone},
		{Slug: "vintage-fishing-tackle-000001", Arm: route.Serverless, Share: 100, From: noon, Until: noon.AddDate(1, 0, 0)},
	} {
		next := flipped(t, table, p)
		require.Equal(t, []string{ProductKey(table, p.Slug), TableKey}, changed(before, compileTable(t, next)), p.Words())
	}
}

func TestItems_TheFileIsWhatAKeyValueStoreImports(t *testing.T) {
	a := compileTable(t, shopTable(t, shopConfig, shopProducts))
	var file struct {
		Data []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(a.ItemsFile(), &file))
	require.Len(t, file.Data, len(a.Items))
	seen := make(map[string]bool)
	for i, d := range file.Data {
		require.Equal(t, a.Items[i], Item(d))
		require.False(t, seen[d.Key], "a key twice is refused")
		seen[d.Key] = true
	}
}

func TestItems_CompiledTwiceAreTheSame(t *testing.T) {
	g := newGenerator(3)
	for range 20 {
		table := g.newTable(t, 300)
		require.Equal(t, compileTable(t, table), compileTable(t, table))
	}
}

func TestItems_AShardThatIsFullGoesOnInAnother(t *testing.T) {
	var entries []string
	for i := range 40 {
		entries = append(entries, fmt.Sprintf("%s-%02d s", strings.Repeat("x", 60), i))
	}
	list := shardItems("p1.0", entries)
	require.Len(t, list, 3)
	var all strings.Builder
	for i, item := range list {
		require.Equal(t, "p1.0"+strings.Repeat(">", i), item.Key)
		require.LessOrEqual(t, len(item.Value), ValueBytes)
		require.Equal(t, i < 2, strings.HasSuffix(item.Value, "|>"))
		all.WriteString(item.Value)
	}
	for _, e := range entries {
		require.Contains(t, all.String(), "|"+e+"|")
	}
}

func TestItems_RoutesThatDoNotFitBesideTheTableHavePagesOfTheirOwn(t *testing.T) {
	table := manyRoutes(t, 74)
	a := compileTable(t, table)
	var h head
	require.NoError(t, json.Unmarshal([]byte(keyed(a.Items)[TableKey]), &h))
	require.NotEmpty(t, h.Routes)
	require.NotEmpty(t, h.Pages)
	n := len(h.Routes)
	for _, key := range h.Pages {
		var routes [][]any
		require.NoError(t, json.Unmarshal([]byte(keyed(a.Items)[key]), &routes))
		n += len(routes)
	}
	require.Equal(t, 74, n)

	e := newEngine(t, string(a.Function))
	e.load(a.Items)
	for i := range 74 {
		r := route.Request{Method: "GET", Path: fmt.Sprintf("/section-%d/reviews/1", i), Now: noon}
		got := e.ask(t, r)
		requireEqual(t, table, r, got)
		require.Equal(t, "serverless", got.Arm)
	}
	delete(e.items, h.Pages[0])
	got := e.ask(t, route.Request{Method: "GET", Path: "/section-73/reviews/1", Now: noon})
	require.Equal(t, "legacy", got.Arm, "head and pages of two tables: legacy")
}

func TestItems_TooMuchBesideTheRoutesIsAnErrorWithFigures(t *testing.T) {
	var paths []string
	for i := range 10 {
		paths = append(paths, fmt.Sprintf("/%s-%d/{product}", strings.Repeat("department", 15), i))
	}
	cfg, _ := route.ReadConfig("banyan.yaml", []byte("origins: {legacy: {url: https://legacy.example.com}}"))
	cfg.Products.Paths = paths
	table, findings := route.Compile(cfg, nil, 1)
	require.NoError(t, findings.Err())
	_, err := Compile(table, Options{})
	require.ErrorIs(t, err, ErrLimit)
	require.Contains(t, err.Error(), "10 product paths and 0 pages of routes take")
}

func TestReadTwoWays_IsWhereAPathNamesTwoProducts(t *testing.T) {
	for _, c := range []struct {
		paths []string
		want  bool
	}{
		{[]string{"/shop/{product}", "/shop/{product}/*"}, false},
		{[]string{"/shop/{category}/{product}", "/shop/{category}/{product}/*"}, false},
		{[]string{"/shop/{product}", "/p/{category}/{product}"}, false},
		{[]string{"/shop/{product}/*", "/shop/{category}/{product}"}, true},
		{[]string{"/{product}/reviews", "/shop/{product}"}, true},
		{[]string{"/{product}/reviews", "/shop/{product}/x"}, false},
		{[]string{"/{product}/*", "/{a}/{b}/{product}/*"}, true},
	} {
		require.Equal(t, c.want, readTwoWays(c.paths), "%v", c.paths)
	}
}
