package startup_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda/runtimetest"
)

// entry is a function that is started again and again.
type entry struct {
	name, pkg string
	env       []string
	binary    string
	ready     []time.Duration
	memory    []int64 // resident bytes at the first call for an event
}

// entries are the functions, as they are shipped and as the templates configure
// them. What they would reach is not there: nothing is to be reached before the
// first request.
func entries() []*entry {
	account := []string{"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_LAMBDA_FUNCTION_NAME=banyan"}
	orders := append(account, "BANYAN_TABLE=orders", "BANYAN_BUCKET=orders", "BANYAN_QUEUE=https://sqs.us-east-1.amazonaws.com/1/orders.fifo")
	return []*entry{
		{name: "hello", pkg: "./loadtest/startup/hello"},
		{name: "api", pkg: "./api/cmd/lambda", env: orders},
		{name: "relay", pkg: "./legacy-adapter/cmd/lambda", env: append(orders[:len(orders):len(orders)],
			"BANYAN_DEAD_LETTERS=https://sqs.us-east-1.amazonaws.com/1/dead.fifo", "BANYAN_LEGACY="+legacy)},
	}
}

const legacy = `{database: "postgres://banyan@127.0.0.1:1/shop", connections: 25, write: [{sql: "INSERT INTO orders (number) VALUES (:id)"}]}`

// BenchmarkStartup prints, for each function, the median time from the start of
// its process to the first call for an event, that time beyond hello's, and its
// size on disk and in memory. They take turns, so that what else the machine
// does befalls them alike.
func BenchmarkStartup(b *testing.B) {
	list := entries()
	for _, e := range list {
		e.binary = build(b, e)
	}
	const rounds = 30
	for range rounds {
		for _, e := range list {
			e.start(b)
		}
	}
	hello := median(list[0].ready)
	for _, e := range list {
		b.Run(e.name, func(b *testing.B) {
			file, err := os.Stat(e.binary)
			require.NoError(b, err)
			b.ReportMetric(0, "ns/op") // left out of the table
			b.ReportMetric(milliseconds(median(e.ready)), "ms-to-next")
			b.ReportMetric(milliseconds(median(e.ready)-hello), "ms-beyond-hello")
			b.ReportMetric(float64(file.Size())/1e6, "MB-binary")
			b.ReportMetric(float64(median(e.memory))/1e6, "MB-memory")
		})
	}
}

func build(b *testing.B, e *entry) string {
	binary := filepath.Join(b.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags=-s -w", "-o", binary, e.pkg)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+runtime.GOARCH)
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
	return binary
}

// start starts the function once.
func (e *entry) start(b *testing.B) {
	rt := runtimetest.Start()
	defer rt.Close()
	cmd := exec.Command(e.binary)
	cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + rt.Addr()}, e.env...)
	var said strings.Builder
	cmd.Stderr = &said
	began := time.Now()
	require.NoError(b, cmd.Start())
	select {
	case <-rt.Ready():
		e.ready = append(e.ready, time.Since(began))
	case f := <-rt.InitFailed():
		b.Errorf("%s does not start: %v %s", e.name, f, said.String())
	case <-time.After(20 * time.Second):
		b.Errorf("%s does not ask for an event: %s", e.name, said.String())
	}
	memory, err := resident(cmd.Process.Pid)
	require.NoError(b, err)
	e.memory = append(e.memory, memory)
	require.NoError(b, cmd.Process.Kill())
	_ = cmd.Wait()
}

// resident is a process's memory, as the kernel counts it.
func resident(pid int) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no VmRSS", pid)
}

func median[T int64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
