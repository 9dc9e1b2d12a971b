package orders

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// binary is the program under test, built once as a user builds it.
var binary string

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // the generators share the processor with what is measured
	dir, err := os.MkdirTemp("", "banyan-orders-")
	if err == nil {
		binary, err = rigtest.Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
