package shopper_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// store answers as a storefront does.
type store struct {
	checkout http.HandlerFunc
	pages    atomic.Int64
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/shop":
		w.Write([]byte(`{"products":[{"slug":"rod","category":"rods","name":"A rod","price":{"amount":1000,"currency":"USD"},"variants":[{"sku":"rod"}],"url":"/shop/rods/rod"},
			{"slug":"creel","category":"tackle","name":"A creel","price":{"amount":500,"currency":"USD"},"variants":[{"sku":"creel"}],"url":"/shop/tackle/creel"}]}`))
	case r.Method == http.MethodPost && r.URL.Path == "/cart":
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
	case r.Method == http.MethodPost:
		s.checkout(w, r)
	default:
		s.pages.Add(1)
	}
}

// send sends a crowd for a second and returns it with its book.
func send(t *testing.T, checkout http.HandlerFunc, h shopper.Habits) (*shopper.Crowd, map[sale.Phase]sale.Tally) {
	server := httptest.NewServer(&store{checkout: checkout})
	t.Cleanup(server.Close)
	shop, err := shopper.Look(t.Context(), server.URL, "rod")
	require.NoError(t, err)
	require.Equal(t, shopper.Item{SKU: "rod", Name: "A rod", Path: "/shop/rods/rod", Unit: 1000}, shop.Hot)
	require.Equal(t, []string{"/shop/tackle/creel", "/shop/tackle"}, shop.Pages, "none is the hot product's")
	book := sale.NewBook(func(time.Duration) sale.Phase { return sale.During })
	began := time.Now()
	c, err := shopper.New(shopper.Options{Target: server.URL, Shop: shop, Book: book, Began: began, Patience: 200 * time.Millisecond, Habits: h, Seed: 1, Name: "test"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	sale.Run(t.Context(), began, 300*time.Millisecond, book, c.Streams(sale.Steady(20), sale.Steady(100))...)
	return c, book.Tallies()[shopper.Checkout]
}

func accept(w http.ResponseWriter, id string) {
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"order_id":%q,"status":"accepted"}`, id)
}

// keyed accepts each key once, as Banyan does.
func keyed(seen *sync.Map) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		seen.Store(key, true)
		accept(w, "order-"+key)
	}
}

func TestCrowd_EveryOrderIsNotedWithWhatItsShopperWasTold(t *testing.T) {
	var seen sync.Map
	c, tally := send(t, keyed(&seen), shopper.Habits{Double: 0.5, Return: 0.5, Abandon: 0.5})
	did := c.Notes.Did()
	require.Positive(t, did.Doubled)
	require.Positive(t, did.Returned)
	require.Positive(t, did.Abandoned)
	keys := 0
	seen.Range(func(any, any) bool { keys++; return true })
	require.EqualValues(t, keys, c.Notes.Accepted())
	require.EqualValues(t, keys, tally[sale.During].Outcomes[sale.Done])
	for _, p := range c.Notes.Purchases() {
		require.Equal(t, shopper.Accepted, p.Told)
		require.Equal(t, []string{"order-" + p.Key}, p.IDs, "two presses are one order")
		require.EqualValues(t, p.Quantity*1000, p.Amount)
	}
}

func TestCrowd_WhoHearsNothingPressesAgainWithTheSameKey(t *testing.T) {
	var first sync.Map
	c, tally := send(t, func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if _, again := first.LoadOrStore(key, true); !again {
			json.NewDecoder(r.Body).Decode(new(any)) // only then does the server see the shopper leave
			<-r.Context().Done()
			return
		}
		accept(w, "order-"+key)
	}, shopper.Habits{Retry: 1})
	require.EqualValues(t, len(c.Notes.Purchases()), c.Notes.Did().Retried)
	require.EqualValues(t, len(c.Notes.Purchases()), c.Notes.Accepted())
	require.Greater(t, tally[sale.During].P50, 200.0, "the wait for the first answer counts")
	for _, p := range c.Notes.Purchases() {
		require.True(t, p.Silent)
	}
}

func TestCrowd_AnswersHaveNames(t *testing.T) {
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		outcome sale.Outcome
		trouble string
		told    shopper.Told
	}{
		"sold out": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusConflict)
			w.Write([]byte(`{"code":"sold_out"}`))
		}, sale.SoldOut, "", shopper.Declined},
		"come back":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, sale.Refused, "answer 503", shopper.Declined},
		"broken":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, sale.Failed, "answer 500", shopper.Declined},
		"a gateway":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, sale.Failed, "answer 502", shopper.Nothing},
		"cut off":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, sale.Failed, "connection broken", shopper.Nothing},
		"no order's id": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202) }, sale.Failed, "answer 202", shopper.Declined},
	} {
		t.Run(name, func(t *testing.T) {
			crowd, tally := send(t, c.answer, shopper.Habits{})
			require.NotEmpty(t, crowd.Notes.Purchases())
			require.EqualValues(t, len(crowd.Notes.Purchases()), tally[sale.During].Outcomes[c.outcome])
			if c.trouble != "" {
				require.EqualValues(t, len(crowd.Notes.Purchases()), tally[sale.During].Errors[c.trouble], tally[sale.During].Errors)
			}
			require.Equal(t, c.told, crowd.Notes.Purchases()[0].Told)
		})
	}
}

func TestLook_RefusesWhatIsNoStorefront(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := shopper.Look(context.Background(), server.URL, "rod")
	require.ErrorIs(t, err, shopper.ErrNoShop)
	server = httptest.NewServer(&store{})
	defer server.Close()
	_, err = shopper.Look(context.Background(), server.URL, "canoe")
	require.ErrorContains(t, err, `no product "canoe"`)
}
