package accesslog_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/sale/accesslog"
)

func read(t *testing.T, lines ...string) *accesslog.Traffic {
	t.Helper()
	traffic, err := accesslog.Read(strings.NewReader(strings.Join(lines, "\n")), "/checkout")
	require.NoError(t, err)
	return traffic
}

const order = `203.0.113.7 - ann [27/Nov/2026:08:00:02 +0000] "POST /checkout HTTP/1.1" 202 64 "-" "Mozilla/5.0 [en]"`

func TestRead_EveryFormOfALine(t *testing.T) {
	for name, line := range map[string]string{
		"common":                     `203.0.113.7 - - [27/Nov/2026:08:00:01 +0000] "GET /shop HTTP/1.1" 200 5120`,
		"another zone":               `203.0.113.7 - - [27/Nov/2026:09:00:01 +0100] "GET /shop HTTP/1.1" 200 5120`,
		"combined":                   `::1 - ann [27/Nov/2026:08:00:01 +0000] "GET /shop?q=%22 HTTP/2.0" 200 5120 "https://example.com/" "curl"`,
		"JSON":                       `{"time":"2026-11-27T08:00:01Z","method":"GET","path":"/shop"}`,
		"nginx's JSON":               `{"time_iso8601":"2026-11-27T08:00:01+00:00","request":"GET /shop HTTP/1.1","status":"200"}`,
		"Caddy's JSON":               `{"level":"info","ts":1795766401.25,"request":{"method":"GET","uri":"/shop","host":"x"},"status":200}`,
		"seconds as text":            `{"msec":"1795766401.250","request_method":"GET","request_uri":"/shop"}`,
		"milliseconds":               `{"timestamp":1795766401250,"method":"get","url":"/shop"}`,
		"Banyan's own":               `{"time":"2026-11-27T08:00:01.25Z","level":"INFO","msg":"request","method":"GET","path":"/shop","arm":"legacy"}`,
		"spaces before and after it": `   {"time":"2026-11-27T08:00:01Z","method":"GET","path":"/shop"}  `,
	} {
		t.Run(name, func(t *testing.T) {
			traffic := read(t, line, order)
			require.Zero(t, traffic.Bad, traffic.Examples)
			require.Equal(t, time.Date(2026, 11, 27, 8, 0, 1, 0, time.UTC), traffic.Began.UTC())
			require.Equal(t, []float64{1, 0}, traffic.Pages)
			require.Equal(t, []float64{0, 1}, traffic.Orders)
		})
	}
}

func TestRead_BadLinesAreCountedAndShown(t *testing.T) {
	traffic := read(t, order, "", "what is this", `{"time":"yesterday","method":"GET","path":"/"}`, `{"time":"2026-11-27T08:00:01Z"`,
		`1.2.3.4 - - [27/Nov/2026:08:00:02 +0000] "\x16\x03\x01" 400 0`, `1.2.3.4 - - [27/Nov/2031:08:00:02 +0000] "GET / HTTP/1.1" 200 0`,
		strings.Repeat("x", 3*accesslog.MaxLineBytes), order)
	require.EqualValues(t, 8, traffic.Lines, "the empty line is none")
	require.EqualValues(t, 6, traffic.Bad)
	require.Len(t, traffic.Examples, 3)
	require.Equal(t, "what is this", strings.TrimSpace(traffic.Examples[0]))
	require.Equal(t, []float64{2}, traffic.Orders, "what comes after a line that is too long is read")
}

func TestRead_ALogWithoutOrdersOrLinesIsRefused(t *testing.T) {
	_, err := accesslog.Read(strings.NewReader(`1.2.3.4 - - [27/Nov/2026:08:00:02 +0000] "GET /checkout HTTP/1.1" 200 0`), "/checkout")
	require.ErrorIs(t, err, accesslog.ErrNoOrders)
	_, err = accesslog.Read(strings.NewReader("\n\n\n"), "/checkout")
	require.ErrorIs(t, err, accesslog.ErrNoLines)
}

func TestRead_ALogIsStreamed(t *testing.T) {
	const lines = 200_000
	in, out := io.Pipe()
	go func() {
		for i := range lines {
			fmt.Fprintf(out, "203.0.113.7 - - [27/Nov/2026:08:%02d:%02d +0000] \"POST /checkout HTTP/1.1\" 202 64\n", i/(lines/10), i%60)
		}
		out.Close()
	}()
	traffic, err := accesslog.Read(in, "/checkout")
	require.NoError(t, err)
	_, orders, _ := traffic.Sum()
	require.EqualValues(t, lines, orders)
}

func TestTraffic_TheBusiestStretchIsFoundWithWhatIsAroundIt(t *testing.T) {
	var lines []string
	for second, orders := range []int{1, 2, 9, 8, 3, 0, 5} {
		for range orders {
			lines = append(lines, fmt.Sprintf(`h - - [27/Nov/2026:08:00:%02d +0000] "POST /eu/checkout/ HTTP/1.1" 202 1`, second))
		}
	}
	busy := read(t, lines...).Busiest(time.Second, 2*time.Second, 3*time.Second)
	require.Equal(t, []float64{2, 9, 8, 3, 0, 5}, busy.Orders)
	early := read(t, lines...).Busiest(4*time.Second, 2*time.Second, time.Second)
	require.Equal(t, []float64{0, 0, 1, 2, 9, 8, 3}, early.Orders, "before the log there is nothing")
	pages, orders := busy.Shapes(3)
	require.Zero(t, pages(0))
	require.EqualValues(t, 27, orders(1500*time.Millisecond))
}
