package legacydb_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// example reads the legacy section of an example, for another database than it
// names.
func example(t *testing.T, name, database string) legacydb.Config {
	path := filepath.Join("testdata", "examples", name+".yaml")
	file, err := parser.ParseFile(path, 0)
	require.NoError(t, err)
	root, ok := file.Docs[0].Body.(*ast.MappingNode)
	require.True(t, ok)
	require.Len(t, root.Values, 1)
	require.Equal(t, "legacy", root.Values[0].Key.GetToken().Value)
	c, err := legacydb.ParseConfig(path, root.Values[0].Value)
	require.NoError(t, err)
	c.Database = database
	return c
}

func exampleSchema(t *testing.T, db *sql.DB, name string) {
	script, err := os.ReadFile(filepath.Join("testdata", "examples", name+".sql"))
	require.NoError(t, err)
	runScript(t, db, string(script))
}

// exampleShop is an example and the schema that it is for: 3 rods, 1 creel, and
// gift cards where there is a catalogue.
type exampleShop struct {
	mapping, schema string
	items           string // a query for SKU, quantity and price in cents of each line of the order
	orders          string // a query for the orders' numbers
	catalogue       bool   // an order for a product that is not in it is rejected
}

const (
	sampleItems  = "SELECT sku, qty, price_cents FROM order_items ORDER BY 1"
	sampleOrders = "SELECT number FROM orders"
)

var everShopExample = exampleShop{
	mapping: "evershop", schema: "evershop", catalogue: true,
	items: `SELECT i.product_sku, i.qty, CAST(i.final_price * 100 AS integer) FROM order_item i
		JOIN "order" o ON o.order_id = i.order_item_order_id WHERE o.total_qty = 3 AND o.total_weight = 800 ORDER BY 1`,
	orders: `SELECT order_number FROM "order"`,
}

var wooCommerceExample = exampleShop{
	mapping: "woocommerce", schema: "woocommerce", catalogue: true,
	items: `SELECT l.sku, p.product_qty, CAST(m.meta_value * 100 / p.product_qty AS INT) FROM wp_wc_order_product_lookup p
		JOIN wp_wc_product_meta_lookup l ON l.product_id = p.product_id
		JOIN wp_posts w ON w.ID = p.product_id
		JOIN wp_woocommerce_order_items i ON i.order_item_id = p.order_item_id AND i.order_item_name = w.post_title
		JOIN wp_woocommerce_order_itemmeta m ON m.order_item_id = p.order_item_id AND m.meta_key = '_line_total' ORDER BY 1`,
	orders: `SELECT m.meta_value FROM wp_wc_orders_meta m JOIN wp_wc_orders o ON o.id = m.order_id AND m.meta_key = '_banyan_order'`,
}

func exampleOrder(email string, lines ...order.Line) order.Order {
	o := mysqlOrder(email)
	o.Payment.Token = "tok_demo"
	for _, l := range lines {
		o.Total.Amount += l.Price.Amount * int64(l.Quantity)
	}
	o.Lines = lines
	return o
}

func rods(n int) order.Line {
	return order.Line{SKU: "rod", Quantity: n, Price: &order.Money{Amount: 18900, Currency: "USD"}}
}

func creel() order.Line {
	return order.Line{SKU: "creel", Quantity: 1, Price: &order.Money{Amount: 4500, Currency: "USD"}}
}

func TestExamples_WriteOrdersIntoTheSampleShopOnSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "legacy.db")
	shop, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	exampleSchema(t, shop, "sample-shop.sqlite")
	require.NoError(t, shop.Close())
	exampleShop{mapping: "sample-shop", items: sampleItems, orders: sampleOrders}.requireWorks(t, "sqlite:"+path)
}

func TestExamples_WriteOrdersIntoShopsOnPostgreSQL(t *testing.T) {
	server := ownPostgres(t)
	for i, shop := range []exampleShop{
		{mapping: "sample-shop", schema: "sample-shop.postgres", items: sampleItems, orders: sampleOrders},
		everShopExample,
	} {
		t.Run(shop.schema, func(t *testing.T) {
			admin, err := sql.Open("pgx", server)
			require.NoError(t, err)
			_, err = admin.Exec(fmt.Sprintf("CREATE DATABASE example%d", i))
			require.NoError(t, err)
			require.NoError(t, admin.Close())
			database := fmt.Sprintf("%s/example%d", strings.TrimSuffix(server, "/postgres"), i)
			legacy, err := sql.Open("pgx", database)
			require.NoError(t, err)
			exampleSchema(t, legacy, shop.schema)
			require.NoError(t, legacy.Close())
			shop.requireWorks(t, database)
		})
	}
}

func TestExamples_WriteOrdersIntoShopsOnMariaDB(t *testing.T) {
	for _, shop := range []exampleShop{
		{mapping: "sample-shop", schema: "sample-shop.mysql", items: sampleItems, orders: sampleOrders},
		{mapping: "sample-shop.mysql", schema: "sample-shop.mysql", items: sampleItems, orders: sampleOrders},
		wooCommerceExample,
	} {
		t.Run(shop.mapping, func(t *testing.T) {
			m, name, root := onMariaDB(t)
			exampleSchema(t, root, shop.schema)
			shop.requireWorks(t, m.url(name))
		})
	}
}

// requireWorks checks the mapping against the database and writes orders with it.
func (e exampleShop) requireWorks(t *testing.T, database string) {
	db := openLegacy(t, example(t, e.mapping, database))
	require.Empty(t, db.Check(t.Context()))
	stock, err := db.Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"rod": 3, "creel": 1}, stock)

	// Two buyers for the one creel in one batch, and one for more rods than are left.
	first, second, third := exampleOrder(ann, rods(2), creel()), exampleOrder(bob, creel()), exampleOrder(cid, rods(2))
	outcomes := db.Write(t.Context(), []order.Order{first, second, third})
	require.Equal(t, []order.Disposition{written, rejected, rejected}, dispositions(outcomes), "%+v", outcomes)
	require.Equal(t, "out_of_stock", outcomes[1].Cause)
	require.Equal(t, "out_of_stock", outcomes[2].Cause)
	require.Equal(t, duplicate, db.Write(t.Context(), []order.Order{first})[0].Disposition)

	stock, err = db.Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"rod": 1, "creel": 0}, stock)
	require.Equal(t, [][3]any{{"creel", 1, 4500}, {"rod", 2, 18900}}, linesOf(t, db, e.items))
	var number string
	require.NoError(t, db.SQL().QueryRow(e.orders).Scan(&number))
	require.Equal(t, first.ID, number, "the only one")

	if e.catalogue {
		kite, card := creel(), creel()
		kite.SKU, card.SKU = "kite", "gift-card" // whose stock nobody counts
		outcomes := db.Write(t.Context(), []order.Order{exampleOrder(ann, kite), exampleOrder(bob, card, card)})
		require.Equal(t, []order.Disposition{rejected, written}, dispositions(outcomes), "%+v", outcomes)
		require.Equal(t, "unknown_product", outcomes[0].Cause)
	}
}

func linesOf(t *testing.T, db *legacydb.DB, query string) (lines [][3]any) {
	found, err := db.SQL().Query(query)
	require.NoError(t, err)
	defer found.Close()
	for found.Next() {
		var sku string
		var quantity, price int
		require.NoError(t, found.Scan(&sku, &quantity, &price))
		lines = append(lines, [3]any{sku, quantity, price})
	}
	require.NoError(t, found.Err())
	return lines
}

// TestExamples_FitTheRealEverShop prepares the mapping against the database of
// an EverShop that nobody here made, and tries an order without leaving one.
func TestExamples_FitTheRealEverShop(t *testing.T) {
	database := os.Getenv("BANYAN_TEST_EVERSHOP_DB")
	if database == "" {
		t.Skip("skipped: no EverShop's database is named by BANYAN_TEST_EVERSHOP_DB; make test-evershop starts one")
	}
	db := openLegacy(t, example(t, "evershop", database))
	require.Empty(t, db.Check(t.Context()))
	stock, err := db.Stock(t.Context())
	require.NoError(t, err)
	for sku, n := range stock {
		if n > 0 {
			line := order.Line{SKU: sku, Quantity: 1, Price: &order.Money{Amount: 1500, Currency: "USD"}}
			require.Equal(t, legacydb.Outcome{Disposition: written}, db.Try(t.Context(), exampleOrder(ann, line)))
			line.Quantity = n + 1
			require.Equal(t, "out_of_stock", db.Try(t.Context(), exampleOrder(ann, line)).Cause)
			return
		}
	}
	t.Fatal("it has nothing on hand")
}
