package legacydb_test

import (
	"context"
	"testing"

	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

func parse(t testing.TB, text string) (legacydb.Config, error) {
	t.Helper()
	file, err := parser.ParseBytes([]byte(text), 0)
	require.NoError(t, err)
	return legacydb.ParseConfig("banyan.yaml", file.Docs[0].Body)
}

const good = `database: sqlite:legacy.db
connections: 5
stock: SELECT sku, on_hand FROM stock
write:
  - sql: INSERT INTO orders (number) VALUES (:id) RETURNING id
    as: row
  - each: lines
    sql: INSERT INTO items (o, sku, at) VALUES (:row.id, :line.sku, '12:30:id' || "x:id")  -- :not.one
    rows: 1
    else: out_of_stock
`

func TestParseConfig_ReadsTheSection(t *testing.T) {
	c, err := parse(t, good)
	require.NoError(t, err)
	require.Equal(t, 5, c.Connections)
	require.Len(t, c.Write, 2)
	require.Equal(t, "row", c.Write[0].As)
	require.Equal(t, 1, *c.Write[1].Rows)
	require.Equal(t, "out_of_stock", c.Write[1].Else)
	require.False(t, c.FixedBudget)
	c, err = parse(t, "database: sqlite:a\nadapt: false\n")
	require.NoError(t, err)
	require.True(t, c.FixedBudget)
}

func TestParseConfig_SaysWhereAMistakeIsAndWhatToWrite(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"an unknown key":           {"database: sqlite:a\nconections: 5\n", "connections"},
		"no connection":            {"database: sqlite:a\nconnections: 0\n", "banyan.yaml:2"},
		"an unknown placeholder":   {"database: sqlite:a\nwrite:\n  - sql: INSERT INTO o VALUES (:customer.emial)\n", "customer.email"},
		"a line outside of each":   {"database: sqlite:a\nwrite:\n  - sql: INSERT INTO o VALUES (:line.sku)\n", "each"},
		"a row nobody returned":    {"database: sqlite:a\nwrite:\n  - sql: INSERT INTO o VALUES (:row.id)\n", "row.id"},
		"two statements in one":    {"database: sqlite:a\nwrite:\n  - sql: DELETE FROM a; DELETE FROM b\n", "statement"},
		"else without rows":        {"database: sqlite:a\nwrite:\n  - sql: DELETE FROM a\n    else: gone\n", "rows"},
		"each of something else":   {"database: sqlite:a\nwrite:\n  - sql: DELETE FROM a\n    each: orders\n", "lines"},
		"neither true nor false":   {"database: sqlite:a\nadapt: sometimes\n", "legacy.adapt is neither true nor false"},
		"a number that is no text": {"database: [1]\n", "banyan.yaml:1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, c.text)
			var problems legacydb.Problems
			require.ErrorAs(t, err, &problems)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestCheck_PreparesEveryStatementAgainstTheRealSchema(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		require.Empty(t, s.open(2).Check(context.Background()))

		bad := shopMapping(s.database, 2)
		bad.Write[1].SQL = `INSERT INTO order_itms (order_id) VALUES (:row.id)`
		bad.Stock = "SELECT sku, hand FROM stock"
		db, err := legacydb.Open(context.Background(), bad, legacydb.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { db.Close() })
		problems := db.Check(context.Background())
		require.Len(t, problems, 2)
		require.Contains(t, problems[0].String()+problems[1].String(), "order_itms")
		require.Equal(t, 0, s.number(`SELECT count(*) FROM orders`), "a check changes nothing")
	})
}

func TestStock_AddsUpWhatLegacyHas(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 5)
		s.stocked("reel", 0)
		stock, err := s.open(2).Stock(context.Background())
		require.NoError(t, err)
		require.Equal(t, map[string]int{"rod": 5, "reel": 0}, stock)
	})
}

func FuzzStatement(f *testing.F) {
	for _, sql := range []string{
		"INSERT INTO o VALUES (:id, ':id', \":id\", $$ :id $$, a::text) -- :id", "SELECT /* :x */ 1; SELECT 2", ":", "'", "$a$", "::", "RETURNING", "\x00:id",
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		c := legacydb.Config{Database: "sqlite::memory:", Connections: 1, Write: []legacydb.Statement{{SQL: sql, As: "row"}, {SQL: sql, Each: legacydb.EachLine}}}
		db, err := legacydb.Open(context.Background(), c, legacydb.Options{})
		if err != nil {
			var problems legacydb.Problems
			require.ErrorAs(t, err, &problems)
			require.NotEmpty(t, problems)
			return
		}
		require.NoError(t, db.Close())
	})
}
