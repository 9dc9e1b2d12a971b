package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
)

// lastOne is a one-of-one of the sample shop.
const lastOne = "brass-crankwind-1931"

// buy orders one unit from a shop and returns the order's id.
func buy(t *testing.T, shop, key, sku string) string {
	t.Helper()
	body := fmt.Sprintf(`{"customer":{"email":"%s@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},
		"lines":[{"sku":%q,"quantity":1}],"payment":{"token":"tok_secret"}}`, key, sku)
	req, err := http.NewRequest(http.MethodPost, shop+"/checkout", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, "%s", answer)
	var receipt struct {
		OrderID string `json:"order_id"`
	}
	require.NoError(t, json.Unmarshal(answer, &receipt))
	return receipt.OrderID
}

// legacyAddress is where the process behind s has its sample legacy shop.
func (s *storefront) legacyAddress() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Data, "running.json"))
	require.NoError(s.t, err)
	var r running
	require.NoError(s.t, json.Unmarshal(text, &r))
	return r.Legacy
}

// fails runs a command that has to end with this exit code, and returns what it
// printed on stdout and stderr.
func (s *storefront) fails(code int, args ...string) string {
	s.t.Helper()
	out, err := runBanyan(append(args, "--data", s.Data)...)
	var exit *exec.ExitError
	require.ErrorAs(s.t, err, &exit, "%s", out)
	require.Equal(s.t, code, exit.ExitCode(), "%s%v", out, err)
	return string(out) + err.Error()
}

// shown is what "banyan dead show --json" prints.
func (s *storefront) shown(id string) (d deadShown) {
	s.t.Helper()
	require.NoError(s.t, json.Unmarshal(s.banyan("dead", "show", id, "--json"), &d))
	return d
}

// trail says who did what to an order.
func (s *storefront) trail(id string) string {
	s.t.Helper()
	var did []string
	for _, e := range s.shown(id).Audit {
		require.False(s.t, e.At.IsZero())
		did = append(did, fmt.Sprintf("%s %s %s", e.Who, e.Action, e.Why))
	}
	return strings.Join(did, "|")
}

// soldUnderUs returns a running shop with an order whose last unit legacy sold
// by itself before the order came to it.
func soldUnderUs(t *testing.T) (*storefront, string) {
	data := filepath.Join(t.TempDir(), "data")
	held := up(t, data, "--hold-relay")
	id := buy(t, held.Storefront, "ours", lastOne)
	buy(t, held.legacyAddress(), "legacy-s-own", lastOne)
	require.Equal(t, 0, held.stop(), "%s", held.logged())
	s := up(t, data)
	require.Eventually(t, func() bool { return s.ledger().Dead == 1 }, 20*time.Second, 50*time.Millisecond)
	return s, id
}

func TestDead_OrderThatLegacySoldOutUnderIsMendedAndWritten(t *testing.T) {
	s, id := soldUnderUs(t)
	require.Contains(t, string(s.banyan("dead")), "out of stock")
	var list deadList
	require.NoError(t, json.Unmarshal(s.banyan("dead", "list", "--cause", "STOCK", "--json"), &list))
	require.EqualValues(t, 1, list.Dead)
	require.Equal(t, "out_of_stock", list.Causes[0].Cause.Cause)
	require.Equal(t, "out of stock", list.Causes[0].Words)
	require.Equal(t, id, list.Orders[0].ID)

	shown := string(s.banyan("dead", "show", id))
	require.Regexp(t, `state +dead\ncause +out of stock\n`, shown)
	require.Contains(t, shown, "refused")
	require.NotContains(t, shown, "tok_secret")
	var stock []stockLine
	require.NoError(t, json.Unmarshal(s.banyan("stock", "--json"), &stock))
	for _, line := range stock {
		if line.SKU == lastOne {
			require.Equal(t, 1, line.Held)
			require.Zero(t, line.Left)
			require.Zero(t, *line.Legacy)
		}
	}

	require.Contains(t, s.fails(3, "dead", "check", id), "it would be refused: out of stock")
	require.Contains(t, s.fails(1, "dead", "edit", id, "--set", "lines[0].sku=no-such-reel"), "hint: \"banyan stock\" lists the SKUs")
	refusal := s.fails(1, "dead", "edit", id, "--set", `customer.email="nobody"`, "--set", "lines[0].quantity=0")
	require.Contains(t, refusal, "customer.email is not an email address")
	require.Contains(t, refusal, "lines[0].quantity is below 1")
	other := []string{"--set", "lines[0].sku=muskie-casting-rod", "--set", "lines[0].price=18900"}
	require.Contains(t, string(s.banyan(append([]string{"dead", "check", id}, other...)...)), "it would be written")
	require.Equal(t, "out_of_stock", s.shown(id).Cause, "a check changes nothing")

	edited := string(s.banyan(append([]string{"dead", "edit", id, "--why", "she takes the rod", "--who", "joe"}, other...)...))
	require.Regexp(t, `lines\[0\]: 1 × brass-crankwind-1931 at \S+ → 1 × muskie-casting-rod at \$189\.00`, edited)
	require.Contains(t, string(s.banyan("dead", "check", id)), "it would be written")
	require.EqualValues(t, 1, s.ledger().Dead, "a check writes nothing")
	redrive := string(s.banyan("dead", "redrive", id, "--json", "--who", "joe", "--why", "mended"))
	require.JSONEq(t, `{"redriven":1,"written":1,"refused":0,"waiting":0,"skipped":0,"dead":0}`, redrive)

	l := s.ledger()
	require.EqualValues(t, 1, l.Written)
	require.True(t, l.Balanced)
	db := openLegacy(t, filepath.Join(s.Data, "legacy.db"))
	var sku string
	require.NoError(t, db.QueryRow(`SELECT i.sku FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.number = ?`, id).Scan(&sku))
	require.Equal(t, "muskie-casting-rod", sku)

	user := currentUser()
	require.Equal(t, strings.Join([]string{"relay refused ", user + " checked ", user + " checked ",
		"joe edited she takes the rod", user + " checked ", "joe redriven mended"}, "|"), s.trail(id))
	for _, e := range s.shown(id).Audit {
		if e.Action == intake.Edited {
			require.Equal(t, lastOne, e.Before.Lines[0].SKU, "the original is kept")
			require.Empty(t, e.Before.Payment.Token, "and not its payment token shown")
		}
	}
}

func TestDead_DroppedOrderIsRejectedAndItsHoldGivenBack(t *testing.T) {
	s, id := soldUnderUs(t)
	require.Contains(t, s.fails(2, "dead", "drop", id), "hint: say it with --why")
	require.Contains(t, string(s.banyan("dead", "drop", id, "--why", "refunded", "--who", "joe")), "its stock is given back")
	require.Contains(t, s.fails(1, "dead", "drop", id, "--why", "again"), "is no dead letter")
	l := s.ledger()
	require.EqualValues(t, 1, l.Cancelled)
	require.True(t, l.Balanced)
	require.Contains(t, string(s.banyan("orders", "show", id)), "rejected")
	require.Equal(t, "relay refused |joe dropped refunded", s.trail(id))
	require.Contains(t, s.fails(1, "dead", "show", "01KA0000000000000000000000"), "there is no order")
}

// stocked sets what legacy has on hand, as its own people would.
func stocked(t *testing.T, data, sku string, onHand int) {
	_, err := openLegacy(t, filepath.Join(data, "legacy.db")).Exec(`UPDATE stock SET on_hand = ? WHERE sku = ?`, onHand, sku)
	require.NoError(t, err)
}

func TestDead_RedriveStopsByItselfWhenTheSameCauseRepeats(t *testing.T) {
	const orders = 50
	data := filepath.Join(t.TempDir(), "data")
	held := up(t, data, "--hold-relay")
	for i := range orders {
		_, err := place(http.DefaultClient, held.Storefront, fmt.Sprint("shopper-", i))
		require.NoError(t, err)
	}
	var forecast struct {
		Waiting int64
		Rate    *float64
		EmptyAt *time.Time `json:"empty_at"`
	}
	require.NoError(t, json.Unmarshal(held.banyan("ledger", "--forecast", "--json"), &forecast))
	require.EqualValues(t, orders, forecast.Waiting)
	require.Zero(t, *forecast.Rate)
	require.Nil(t, forecast.EmptyAt)
	require.Contains(t, string(held.banyan("ledger")), "No order has left the queue")
	require.Equal(t, 0, held.stop())
	stocked(t, data, "muskie-casting-rod", 0)

	s := up(t, data)
	require.Eventually(t, func() bool { return s.ledger().Dead == orders }, 20*time.Second, 50*time.Millisecond)
	stopped := s.fails(3, "dead", "redrive", "--all", "--rate", "1000/s", "--json")
	require.Contains(t, stopped, "3 in a row died again of the same cause: out of stock")
	require.Contains(t, stopped, `{"redriven":3,"written":0,"refused":3,"waiting":0,"skipped":0,"dead":50,`)

	stocked(t, data, "muskie-casting-rod", orders)
	var done redriven
	require.NoError(t, json.Unmarshal(s.banyan("dead", "redrive", "--cause", "out_of", "--rate", "1000/s", "--json"), &done))
	require.Equal(t, redriven{Redriven: orders, Written: orders}, done)
	l := s.ledger()
	require.EqualValues(t, orders, l.Written)
	require.True(t, l.Balanced)
}

func TestDead_LettersAreMendedAlsoWhereNoProcessRuns(t *testing.T) {
	s, id := soldUnderUs(t)
	require.Equal(t, 0, s.stop(), "%s", s.logged())
	require.Contains(t, s.fails(3, "dead", "check", id), "out of stock")

	editor := filepath.Join(t.TempDir(), "editor")
	script := "#!/bin/sh\nsed -e 's/brass-crankwind-1931/muskie-casting-rod/' -e 's/1 Main St/2 Side St/' \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n"
	require.NoError(t, os.WriteFile(editor, []byte(script), 0o700))
	t.Setenv("EDITOR", editor)
	t.Setenv("VISUAL", "")
	require.Contains(t, string(s.banyan("dead", "edit", id)), "customer.address: 1 Main St, Albany NY 12207 → 2 Side St")
	t.Setenv("EDITOR", "echo '{\"line\": []}' >")
	require.Contains(t, s.fails(1, "dead", "edit", id), "what the editor left is no order")
	t.Setenv("EDITOR", "")
	require.Contains(t, s.fails(1, "dead", "edit", id), "hint: set EDITOR")

	require.Contains(t, string(s.banyan("dead", "redrive", id, "--json")), `"redriven":1,"written":0,"refused":0,"waiting":1`)
	require.Contains(t, string(s.banyan("ledger", "--forecast")), "no banyan is running")
	require.Contains(t, s.fails(1, "dead", "redrive", id), "is no dead letter")
	again := up(t, s.Data)
	require.EqualValues(t, 1, again.drained().Written)
}

// TestDead_CommandsOfStrangersAreRefused: the running process takes orders only
// in a form that no page of another site can send.
func TestDead_CommandsOfStrangersAreRefused(t *testing.T) {
	s, id := soldUnderUs(t)
	url := s.Console + "/commands/dead/" + id + "/drop"
	post := func(kind, body string, header ...string) int {
		req, err := http.NewRequest(http.MethodPost, url, bytes.NewBufferString(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", kind)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	require.Equal(t, http.StatusForbidden, post("application/json", `{"who":"mallory"}`, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"))
	require.Equal(t, http.StatusUnsupportedMediaType, post("text/plain", `{"who":"mallory"}`))
	require.Equal(t, http.StatusBadRequest, post("application/json", `{}`))
	require.EqualValues(t, 1, s.ledger().Dead)
}
