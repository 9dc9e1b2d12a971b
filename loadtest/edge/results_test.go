//go:build linux

package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResults_RatiosAreWithinARound(t *testing.T) {
	w := workload{get2K, 10, 32, false}
	s := func(contender string, round int, perSecond float64) sample {
		return sample{Contender: contender, Workload: w, Round: round, PerSecond: perSecond, CPU: 10, RSS: 3 << 20, Half: &spread{Rate: 100, P50: 1, P99: 20_000, P999: 3}}
	}
	r := results{[]sample{
		s("nginx", 1, 100), s("haproxy", 1, 50), s("banyan", 1, 100), s("caddy", 1, 10),
		s("nginx", 2, 10), s("haproxy", 2, 20), s("banyan", 2, 40), s("caddy", 2, 5),
		s("nginx", 3, 10), s("haproxy", 3, 10), s("banyan", 3, 12), s("caddy", 3, 6),
	}}
	require.Equal(t, 1.2, r.ratio(w, "banyan", peers...))
	require.Equal(t, 8.0, r.ratio(w, "banyan", "caddy"))
	require.Equal(t, 1.0, r.cost(w))

	var out bytes.Buffer
	r.summary(&out)
	require.Contains(t, out.String(), "| get-2k/products=10/conns=32/plain | 40 | 10 | 20 | 6 | 1.20× | 8.00× | 1.00× | 20.0 ms | 20.0 ms |")
	out.Reset()
	r.details(&out)
	require.Contains(t, out.String(), "| banyan | 40 | 12–100 | 1.20× |")
}

func TestResults_WhoIsMissingHasADash(t *testing.T) {
	w := workload{get2K, 10, 32, true}
	r := results{[]sample{{Contender: "nginx", Workload: w, Round: 1, PerSecond: 100, CPU: 10}}}
	var out bytes.Buffer
	r.summary(&out)
	require.Contains(t, out.String(), "| get-2k/products=10/conns=32/tls | – | 100 | – | – | – | – | – | – | – |")
}

func TestMachine_CountsAProcessWithItsChildren(t *testing.T) {
	stats := map[int]processStat{1: {}, 10: {parent: 1}, 11: {parent: 10}, 12: {parent: 11}, 20: {parent: 1}}
	require.True(t, descends(stats, 12, 10))
	require.True(t, descends(stats, 10, 10))
	require.False(t, descends(stats, 20, 10))
	require.InDelta(t, 0.75, busy{all: 200, idle: 50}.since(busy{all: 100, idle: 25}), 0.001)
}
