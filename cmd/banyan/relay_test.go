package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/order"
)

// TestRelayCommand_OrdersOnAWSAreInLegacyOnceThoughARelayIsKilledInMidBatch is the
// whole way: orders accepted into DynamoDB and SQS, a relay that dies with orders
// in hand, and two others that go on.
func TestRelayCommand_OrdersOnAWSAreInLegacyOnceThoughARelayIsKilledInMidBatch(t *testing.T) {
	a := newOnAWS(t)
	accepted := make(map[string][]string)
	for range 5 {
		for _, email := range []string{"ann@example.com", "bob@example.com", "cleo@example.com"} {
			accepted[email] = append(accepted[email], a.accept(email, "creel"))
		}
	}
	db := a.database()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	first := a.relay("--visibility", "3s")
	require.Eventually(t, func() bool { return first.health(t).InHand > 0 }, time.Minute, 20*time.Millisecond)
	first.kill()
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, db.Close())
	require.Empty(t, a.written())

	second, third := a.relay("--visibility", "3s", "--connections", "2"), a.relay("--visibility", "3s", "--connections", "2")
	require.Eventually(t, func() bool { return a.ledger().Written == 15 }, time.Minute, 50*time.Millisecond)
	require.Equal(t, accepted, a.written(), "each once, and each customer's in sequence")
	require.Equal(t, order.Ledger{Accepted: 15, Written: 15}, a.ledger())
	second.stop()
	third.stop()
	require.Zero(t, a.depth(a.orders))
	require.Zero(t, a.depth(a.dead))
}

func TestRelayCommand_WhatIsInHandIsFinishedWhenItStops(t *testing.T) {
	a := newOnAWS(t)
	a.accept("ann@example.com", "creel")
	db := a.database()
	defer db.Close()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	r := a.relay()
	require.Eventually(t, func() bool { return r.health(t).InHand == 1 }, time.Minute, 20*time.Millisecond)
	stopped := make(chan struct{})
	go func() { defer close(stopped); r.stop() }()
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	<-stopped
	require.Equal(t, order.Ledger{Accepted: 1, Written: 1}, a.ledger())
	require.Zero(t, a.depth(a.orders))
}

func TestRelayCommand_SendsWhatACrashLeftUnsentAndTakesOverLegacysStock(t *testing.T) {
	a := newOnAWS(t)
	o := a.options
	o.SQS, o.Now = mute{}, func() time.Time { return time.Now().Add(-time.Hour) }
	crashed, err := aws.New(t.Context(), o)
	require.NoError(t, err)
	working := a.store
	a.store = crashed
	id := a.accept("ann@example.com", "creel")
	a.store = working
	require.Zero(t, a.depth(a.orders))
	a.legacy("UPDATE stock SET on_hand = 3 WHERE sku = 'reel'") // sold by legacy itself
	r := a.relay("--stock-every", "50ms")
	require.Eventually(t, func() bool {
		left, err := a.store.Left(t.Context(), "reel")
		return err == nil && left == 3
	}, time.Minute, 20*time.Millisecond)
	require.Eventually(t, func() bool { return slices.Equal([]string{id}, a.written()["ann@example.com"]) }, time.Minute, 20*time.Millisecond)
	_, body := get(t, r.At+"/metrics")
	for _, name := range []string{"banyan_relay_dispositions_total", "banyan_budget_limit 4", "banyan_sqs_messages_total", "banyan_relay_breaker_state 0"} {
		require.Contains(t, body, name)
	}
	r.stop()
}

// mute is a queue that nothing reaches.
type mute struct{ aws.SQS }

func (mute) SendMessage(context.Context, *awssqs.SendMessageInput, ...func(*awssqs.Options)) (*awssqs.SendMessageOutput, error) {
	return nil, errors.New("the process is gone")
}

func (r *relayProcess) health(t *testing.T) (h relayHealth) {
	t.Helper()
	resp, body := get(t, r.At+"/healthz")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, json.Unmarshal([]byte(body), &h))
	require.Equal(t, "ok", h.Status)
	return h
}

func TestRelayCommand_SaysWhatIsMissing(t *testing.T) {
	a := newOnAWS(t)
	for _, c := range []struct {
		code int
		args []string
		want []string
	}{
		{1, []string{"--table", "no-such-table"}, []string{"open table no-such-table", "hint: there is no such table"}},
		{1, []string{"--queue", a.orders[:len(a.orders)-len(".fifo")] + "-none.fifo"}, []string{"hint: there is no such queue"}},
		{2, []string{"--connections", "5"}, []string{"not within legacy.connections, 4"}},
		{2, []string{"--visibility", "1s"}, []string{"not between 3s and 1h"}},
		{1, []string{"--queue", a.dead}, []string{"no redrive policy", "hint: name its dead-letter queue with --dead-letters"}},
	} {
		_, talk := a.banyan(c.code, slices.Concat([]string{"relay", "--listen", "127.0.0.1:0"}, c.args)...)
		for _, want := range c.want {
			require.Contains(t, talk, want)
		}
	}
}
