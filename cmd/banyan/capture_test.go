package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// capturingConfig has EverShop's own checkout captured. EverShop answers a
// repeated checkout with 500 although the order exists; the lookups find out.
const capturingConfig = `
storefront: http://%[1]s
origins:
  legacy: {url: %[2]q, host: preserve}
  serverless: {url: local}
trusted_hops: [127.0.0.1]   # the test's shoppers come through a load balancer here
session_cookies: [sid]
products: {file: products.yaml, paths: ["/shop/{category}/{product}"]}
routes:
  - name: orders
    path: /api/orders
    methods: [POST]
    to: queue
    wait: %[3]s
    found_by: {sql: 'SELECT 1 FROM "order" o JOIN cart c ON c.cart_id = o.cart_id WHERE c.uuid = :body.cart_id'}
  - name: checkout
    path: /api/carts/*/checkout
    methods: [POST]
    to: queue
    wait: %[3]s
    found_by: {sql: 'SELECT 1 FROM "order" o JOIN cart c ON c.cart_id = o.cart_id WHERE c.uuid = :path.3'}
legacy:
  database: %[4]q
  connections: 4
`

// capturedShop is EverShop with its checkout captured.
type capturedShop struct {
	*everShop
	up    string // the script that starts it
	front *storefront
}

// newCapturedShop puts Banyan in front of EverShop, which it reaches at legacy.
func newCapturedShop(t *testing.T, legacy, wait string) *capturedShop {
	direct, script := os.Getenv("BANYAN_TEST_EVERSHOP"), os.Getenv("BANYAN_TEST_EVERSHOP_UP")
	if direct == "" || script == "" {
		t.Skip("skipped: no EverShop runs here that can be stopped and started; make test-evershop starts one")
	}
	if legacy == "" {
		legacy = direct
	}
	edge, database := os.Getenv("BANYAN_TEST_EDGE"), os.Getenv("BANYAN_TEST_EVERSHOP_DB")
	data, config := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "banyan.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, capturingConfig, edge, legacy, wait, database), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(config), "products.yaml"), nil, 0o600))
	front := up(t, data, "--legacy", legacy, "--config", config, "--listen", edge)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", front.logged())
		}
	})
	return &capturedShop{everShop: &everShop{t: t, direct: direct, edge: "http://" + edge, database: database}, up: script, front: front}
}

const evershopAddress = `{"full_name":"Ann Buyer","telephone":"5550100","address_1":"1 Main St","city":"Albany","country":"US","province":"US-NY","postcode":"12207"}`

// cart fills a cart and does all that comes before its order.
func (e *capturedShop) cart(base string) string {
	e.t.Helper()
	var cart struct{ Data struct{ CartID string } }
	e.decode(e.ask(base, http.MethodPost, "/api/carts", `{"customer_full_name":"Ann","customer_email":"ann@example.com","items":[{"sku":"CUP-001-WHT","qty":1}]}`), &cart)
	id := cart.Data.CartID
	for _, step := range [][2]string{
		{"contacts", `{"email":"ann@example.com"}`},
		{"addresses", `{"type":"shipping","address":` + evershopAddress + `}`},
		{"shippingMethods", fmt.Sprintf(`{"provider_code":"core","method_code":%q}`, e.shippingMethod())},
		{"addresses", `{"type":"billing","address":` + evershopAddress + `}`},
		{"paymentMethods", `{"method_code":"cod","method_name":"Cash on Delivery"}`},
	} {
		require.Equal(e.t, http.StatusOK, e.ask(base, http.MethodPost, "/api/carts/"+id+"/"+step[0], step[1]).status, step[0])
	}
	return id
}

// place sends the order of a cart, in one of EverShop's two ways.
func (e *capturedShop) place(base, cart string, whole bool) answer {
	e.t.Helper()
	path, body := "/api/orders", fmt.Sprintf(`{"cart_id":%q}`, cart)
	if whole {
		path = "/api/carts/" + cart + "/checkout"
		body = fmt.Sprintf(`{"cart_id":%q,"customer":{"email":"ann@example.com"},"shippingAddress":%s,"billingAddress":%s,"shippingProvider":"core","shippingMethod":%q,"paymentMethod":"cod"}`,
			cart, evershopAddress, evershopAddress, e.shippingMethod())
	}
	return e.ask(base, http.MethodPost, path, body, func(r *http.Request) { r.Header.Set("Cookie", "sid=captured-"+cart) })
}

// orders counts the orders of a cart in EverShop's database.
func (e *capturedShop) orders(cart string) (rows int) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, e.database)
	require.NoError(e.t, err)
	defer db.Close(ctx)
	require.NoError(e.t, db.QueryRow(ctx, `SELECT count(*) FROM "order" o JOIN cart c ON c.cart_id = o.cart_id WHERE c.uuid = $1`, cart).Scan(&rows))
	return rows
}

// stop ends EverShop's own processes; its database goes on.
func (e *capturedShop) stop() {
	e.t.Helper()
	file := filepath.Join(os.Getenv("EVERSHOP_DIR"), "evershop.pid")
	text, err := os.ReadFile(file)
	require.NoError(e.t, err)
	group, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(e.t, err)
	require.Greater(e.t, group, 1)
	require.NoError(e.t, syscall.Kill(-group, syscall.SIGKILL))
	require.NoError(e.t, os.Remove(file))
	e.t.Cleanup(e.start)
	address, err := url.Parse(e.direct)
	require.NoError(e.t, err)
	require.Eventually(e.t, func() bool {
		conn, err := net.Dial("tcp", address.Host)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, time.Minute, 50*time.Millisecond, "EverShop still listens")
}

// start starts EverShop, unless it runs.
func (e *capturedShop) start() {
	e.t.Helper()
	cmd := exec.Command(e.up)
	cmd.Env = append(os.Environ(), "STOREFRONT="+e.edge)
	out, err := cmd.CombinedOutput()
	require.NoError(e.t, err, "%s", out)
}

func TestEverShop_CapturedCheckoutIsTheSameAsDirect(t *testing.T) {
	e := newCapturedShop(t, "", "30s")
	for _, whole := range []bool{false, true} {
		mine, theirs := e.cart(e.edge), e.cart(e.direct)
		direct := e.place(e.direct, theirs, whole)
		through := e.place(e.edge, mine, whole)
		require.Equal(t, http.StatusOK, direct.status, "%s", direct.body)
		require.Equal(t, direct.status, through.status, "%s", through.body)
		require.Equal(t, keys(t, direct.body), keys(t, through.body))
		require.Equal(t, direct.cookies, through.cookies)
		for name := range through.header {
			require.Contains(t, direct.header, name, "Banyan added a header")
		}
		for name := range direct.header {
			require.True(t, through.header[name] != nil || name == "Keep-Alive" || name == "Connection", "Banyan dropped %s", name)
		}
		require.Equal(t, through.body, e.place(e.edge, mine, whole).body, "a repeat gets the first one's answer")
		require.Equal(t, 1, e.orders(mine))
		require.Equal(t, http.StatusInternalServerError, e.place(e.direct, theirs, whole).status, "EverShop itself answers a repeat with 500")
	}
}

func TestEverShop_OrderTakenWhileItIsStoppedIsInItsDatabaseOnceItIsBack(t *testing.T) {
	e := newCapturedShop(t, "", "1s")
	carts := map[string]bool{e.cart(e.edge): false, e.cart(e.edge): true}
	e.stop()
	pages := map[string]string{}
	for cart, whole := range carts {
		a := e.place(e.edge, cart, whole)
		require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
		again := e.place(e.edge, cart, whole)
		require.Equal(t, a.header.Get("Location"), again.header.Get("Location"), "a shopper who tries again means the same order")
		pages[cart] = a.header.Get("Location")
		require.Contains(t, e.ask(e.edge, http.MethodGet, pages[cart], "").body, `"status":"accepted"`)
	}
	e.start()
	for cart, page := range pages {
		require.Eventually(t, func() bool {
			return strings.Contains(e.ask(e.edge, http.MethodGet, page, "").body, `"status":"written"`)
		}, 2*time.Minute, 200*time.Millisecond, "the order is not written")
		require.Equal(t, 1, e.orders(cart))
		a := e.ask(e.edge, http.MethodGet, page+"/answer", "")
		require.Equal(t, http.StatusOK, a.status)
		require.Contains(t, keys(t, a.body), ".data.order_number", "EverShop's own answer")
	}
}

func TestEverShop_OrderWhoseAnswerWasLostIsFoundAndNotRepeated(t *testing.T) {
	direct := os.Getenv("BANYAN_TEST_EVERSHOP")
	cutter := newCutter(t, direct)
	e := newCapturedShop(t, cutter.address, "30s")
	for _, whole := range []bool{false, true} {
		cart := e.cart(e.direct)
		before := cutter.orders.Load()
		a := e.place(e.edge, cart, whole)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Contains(t, a.body, `"status":"written"`, "the answer itself was lost on the way")
		require.Equal(t, 1, e.orders(cart))
		require.EqualValues(t, 1, cutter.orders.Load()-before, "sent once")
	}
	require.NotContains(t, string(e.front.logged()), "ann@example.com")
	require.NotContains(t, string(e.front.logged()), "sid=captured")
}

// cutter is a wire to legacy that drops the answer to every order, once legacy
// has given it.
type cutter struct {
	address string
	orders  atomic.Int64 // that went through
}

func newCutter(t *testing.T, to string) *cutter {
	if to == "" {
		return &cutter{}
	}
	target, err := url.Parse(to)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{address: "http://" + l.Addr().String()}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { c.carry(conn, target.Host) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	return c
}

// carry carries one connection.
func (c *cutter) carry(from net.Conn, to string) {
	defer from.Close()
	legacy, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer legacy.Close()
	var cut atomic.Bool
	go func() {
		piece := make([]byte, 64<<10)
		for {
			n, err := from.Read(piece)
			if text := string(piece[:n]); strings.HasPrefix(text, "POST /api/orders ") || strings.HasPrefix(text, "POST /api/carts/") && strings.Contains(text, "/checkout ") {
				c.orders.Add(1)
				cut.Store(true)
			}
			if _, failed := legacy.Write(piece[:n]); err != nil || failed != nil {
				legacy.Close()
				return
			}
		}
	}()
	first := make([]byte, 1)
	if _, err := io.ReadFull(legacy, first); err != nil || cut.Load() {
		return
	}
	if _, err := from.Write(first); err == nil {
		io.Copy(from, legacy)
	}
}

func TestLookups_AskTheDatabaseAndOnlyRead(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "legacy.db")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	config := legacydb.Config{Database: "sqlite:" + path, Connections: 1,
		Write: []legacydb.Statement{{SQL: "INSERT INTO orders (cart) VALUES (:id)"}}}
	db, err := legacydb.Open(ctx, config, legacydb.Options{})
	require.NoError(t, err)
	defer db.Close()
	_, err = db.SQL().ExecContext(ctx, "CREATE TABLE orders (id INTEGER, cart TEXT); INSERT INTO orders VALUES (7, 'c1')")
	require.NoError(t, err)
	l := lookups{db, config.Database}
	for query, want := range map[string]bool{
		"SELECT 1 FROM orders WHERE cart = :body.cart":                true,
		"SELECT 1 FROM orders WHERE cart = :body.cart AND id = :key":  true,
		"SELECT 1 FROM orders WHERE cart = :body.cart AND id <> :key": false,
	} {
		lookup := route.Lookup{SQL: query}
		found, err := l.Found(ctx, lookup.Query(), []string{"c1", "7"}[:len(lookup.Query().Fields)])
		require.NoError(t, err)
		require.Equal(t, want, found, query)
	}
	_, err = l.Found(ctx, (&route.Lookup{SQL: "SELECT 1 FROM nowhere WHERE a = :key"}).Query(), []string{"x"})
	require.Error(t, err)

	problems := l.check(ctx, &route.Config{File: "banyan.yaml", Routes: []route.Route{
		{Name: "good", FoundBy: &route.Lookup{SQL: "SELECT 1 FROM orders WHERE cart = :key"}},
		{Name: "bad", Line: 9, FoundBy: &route.Lookup{SQL: "SELECT 1 FROM ordres WHERE cart = :key"}},
		{Name: "asked", FoundBy: &route.Lookup{Request: "GET /{key}"}},
		{Name: "plain"},
	}})
	require.Len(t, problems, 1)
	require.Equal(t, 9, problems[0].Line)
	require.Contains(t, problems[0].Message, "found_by of route bad does not fit")
}
