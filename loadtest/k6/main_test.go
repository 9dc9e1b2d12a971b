package k6

import (
	"fmt"
	"os"
	"testing"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// binary is the program under test, built once as a user builds it.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "banyan-k6-")
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
