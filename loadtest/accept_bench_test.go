package loadtest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest"
)

// BenchmarkAccept_HTTP is a checkout through everything: edge, local gateway,
// wrap, the shop's handler, intake, fsync. "waiting" leaves the orders in the
// queue, as when the legacy database is another machine's load; "relayed" also
// writes them into SQLite on the same two cores.
func BenchmarkAccept_HTTP(b *testing.B) {
	binary := buildBanyan(b)
	for _, relay := range []string{"waiting", "relayed"} {
		for _, callers := range []int{1, 64, 256} {
			b.Run(fmt.Sprintf("%s/callers=%d", relay, callers), func(b *testing.B) {
				address := startBanyan(b, binary, relay == "relayed")
				clients := make([]*loadtest.Client, callers)
				for i := range clients {
					c, err := loadtest.Dial(address)
					require.NoError(b, err)
					defer c.Close()
					clients[i] = c
				}
				b.ResetTimer()
				acceptAll(b, clients, b.N)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
			})
		}
	}
}

// acceptAll places n orders over the clients and requires a 202 for each.
func acceptAll(b *testing.B, clients []*loadtest.Client, n int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if status, err := c.Do(checkout(i)); err != nil || status != 202 {
					b.Errorf("order %d: status %d, %v", i, status, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// rods are the two products with 100,000 in stock.
var rods = [2]string{"muskie-casting-rod", "tourney-casting-rod"}

func checkout(i int64) []byte {
	body := fmt.Sprintf(`{"customer":{"email":"shopper-%d@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},"lines":[{"sku":%q,"quantity":1,"price":null}],"payment":{"token":"tok_demo"}}`, i, rods[i%2])
	return fmt.Appendf(nil, "POST /checkout HTTP/1.1\r\nHost: shop.example.com\r\nAccept: application/json\r\nContent-Type: application/json\r\nIdempotency-Key: bench-%d\r\nContent-Length: %d\r\n\r\n%s", i, len(body), body)
}

func buildBanyan(b *testing.B) string {
	binary := filepath.Join(b.TempDir(), "banyan")
	build := exec.Command("go", "build", "-o", binary, "../cmd/banyan")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	return binary
}

// startBanyan runs "banyan up" on a fresh data folder and returns the storefront's host:port.
func startBanyan(b *testing.B, binary string, relay bool) string {
	data := b.TempDir()
	init := exec.Command(binary, "init", "--data", data, "--dir", data)
	out, err := init.CombinedOutput()
	require.NoError(b, err, "%s", out)
	flags := []string{"up", "--json", "--data", data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}
	if !relay {
		flags = append(flags, "--hold-relay")
	}
	cmd := exec.Command(binary, flags...)
	cmd.Dir = data
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(b, err)
	var says struct{ Storefront string }
	require.NoError(b, json.Unmarshal(line, &says))
	return strings.TrimPrefix(says.Storefront, "http://")
}
