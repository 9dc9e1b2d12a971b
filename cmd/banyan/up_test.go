package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUp_WritesItsFilesIntoDataAndCommandsFindThemThere(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := up(t, data)
	require.FileExists(t, filepath.Join(data, "banyan.yaml"))
	require.FileExists(t, filepath.Join(data, "products.yaml"))
	require.FileExists(t, filepath.Join(data, "legacy.db"), "beside banyan.yaml")

	var products []struct{ Slug, Arm string }
	require.NoError(t, json.Unmarshal(s.banyan("products", "--json"), &products))
	require.GreaterOrEqual(t, len(products), 40)
	require.Equal(t, 0, s.stop())
	require.NoFileExists(t, filepath.Join(data, "running.json"))

	again := up(t, data)
	require.NotEmpty(t, again.Storefront, "the same folder starts again")
}

func TestUp_AFlipIsLiveWithinASecondAndABrokenFileKeepsTheLastGoodTable(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := up(t, data, "--reveal-arm")
	arm := func() string {
		resp, _ := get(t, s.Storefront+"/shop/rods/tourney-casting-rod")
		require.Equal(t, http.StatusOK, resp.StatusCode)
		return resp.Header.Get("X-Banyan-Arm")
	}
	require.Equal(t, "legacy", arm())
	s.banyan("flip", "tourney-casting-rod", "serverless")
	require.Equal(t, "serverless", arm(), "the command returns when the flip is live")

	products := filepath.Join(data, "products.yaml")
	good, err := os.ReadFile(products)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(products, append(good, "tourney-casting-rod: {broken\n"...), 0o644))
	require.Eventually(t, func() bool { return strings.Contains(string(s.logged()), "products.yaml") }, 5*time.Second, 20*time.Millisecond, "the log says so")
	require.Equal(t, "serverless", arm(), "the last good table is in force")
	_, err = runBanyan("check", "--data", data)
	require.ErrorContains(t, err, "exit status 3")
	resp, page := get(t, s.Console+"/")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, page, "products.yaml:")

	byHand := strings.Replace(string(good), "tourney-casting-rod: serverless", "tourney-casting-rod: legacy", 1)
	require.NoError(t, os.WriteFile(products, []byte(byHand), 0o644))
	require.Eventually(t, func() bool { return arm() == "legacy" }, 5*time.Second, 20*time.Millisecond, "an edit by hand is live too")
	require.Contains(t, string(s.banyan("history")), "tourney-casting-rod: serverless → legacy")

	s.banyan("mode", "all-legacy")
	resp, _ = get(t, s.Storefront+"/shop/rods/muskie-casting-rod")
	require.Equal(t, "legacy", resp.Header.Get("X-Banyan-Arm"))
}

func TestUp_SIGTERMFinishesOpenRequestsAndDeliveriesInHand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := up(t, data, "--legacy-latency", "200ms")
	id, err := place(http.DefaultClient, s.Storefront, "drain")
	require.NoError(t, err)
	require.Equal(t, 0, s.stop(), "%s", s.logged())

	again := up(t, data)
	l := again.drained()
	require.EqualValues(t, 1, l.Written)
	require.True(t, l.Balanced)
	require.Contains(t, string(again.banyan("orders", "show", id)), "written")
}

func TestUp_OrdersOfOneWayAreFoundOnTheOther(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"), "--reveal-arm")
	s.banyan("mode", "all-legacy")
	placed, err := place(http.DefaultClient, s.Storefront, "on-legacy")
	require.NoError(t, err)
	require.Zero(t, s.ledger().Accepted, "legacy wrote it by itself")
	s.banyan("mode", "normal")
	resp, body := get(t, s.Storefront+"/orders/"+placed)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
	require.Equal(t, "legacy", resp.Header.Get("X-Banyan-Arm"), "the serverless arm does not know it, so legacy was asked")
}

func TestUp_TheTraceGoesFromTheEdgeToTheLedgerRow(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := up(t, data)
	id, err := place(http.DefaultClient, s.Storefront, "trace")
	require.NoError(t, err)
	s.drained()
	require.Equal(t, 0, s.stop())
	var trace string
	db := openLegacy(t, filepath.Join(data, "legacy.db"))
	require.NoError(t, db.QueryRow(`SELECT trace FROM banyan_ledger WHERE order_id = ?`, id).Scan(&trace))
	parts := strings.Split(trace, "-")
	require.Len(t, parts, 4, "a W3C traceparent: %s", trace)
	require.GreaterOrEqual(t, strings.Count(string(s.logged()), parts[1]), 2, "the same trace id is in the request's log line and in the order's")
}

func TestUp_RefusesASecondProcessOnTheSameData(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	_, err := runBanyan("up", "--data", s.Data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
	require.ErrorContains(t, err, "hint: another banyan runs on")
	_, err = runBanyan("up", "--data", filepath.Join(t.TempDir(), "other"), "--listen", strings.TrimPrefix(s.Storefront, "http://"), "--console", "127.0.0.1:0")
	require.ErrorContains(t, err, "is taken")
	require.ErrorContains(t, err, "port 0")
}
