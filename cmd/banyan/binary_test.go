package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// binary is the program under test, built once by TestMain as a user builds it.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "banyan-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "banyan")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as a machine without a C compiler does
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary under test: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// storefront is a running "banyan up".
type storefront struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *os.File
	gone chan struct{} // closed when the process has ended

	Storefront string `json:"storefront"`
	Console    string `json:"console"`
	Data       string `json:"data"`
}

// up starts "banyan up" on free ports and waits until it says that everything answers.
func up(t *testing.T, data string, flags ...string) *storefront {
	t.Helper()
	s := &storefront{t: t, gone: make(chan struct{})}
	args := append([]string{"up", "--json", "--data", data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}, flags...)
	s.cmd = exec.Command(binary, args...)
	s.cmd.Dir = t.TempDir() // no banyan.yaml in the working directory
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(filepath.Join(t.TempDir(), "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	require.NoError(t, err)
	s.log = log
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(s.kill)

	line, err := bufio.NewReader(out).ReadBytes('\n')
	go func() { // Wait closes the pipe, so only after the first line
		io.Copy(io.Discard, out)
		s.cmd.Wait()
		close(s.gone)
	}()
	require.NoError(t, err, "no first line on stdout; log:\n%s", s.logged())
	require.NoError(t, json.Unmarshal(line, s), "%s", line)
	return s
}

// logged returns what the process wrote on stderr.
func (s *storefront) logged() []byte {
	text, _ := os.ReadFile(s.log.Name())
	return text
}

// kill ends the process as a power cut would.
func (s *storefront) kill() {
	s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.gone
}

// stop asks the process to drain and returns its exit code.
func (s *storefront) stop() int {
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	<-s.gone
	return s.cmd.ProcessState.ExitCode()
}

// banyan runs a command beside the storefront and returns what it printed.
func (s *storefront) banyan(args ...string) []byte {
	s.t.Helper()
	out, err := runBanyan(append(args, "--data", s.Data)...)
	require.NoError(s.t, err)
	return out
}

// runBanyan runs a command and returns its stdout; the error holds its stderr.
func runBanyan(args ...string) ([]byte, error) {
	cmd := exec.Command(binary, args...)
	cmd.Dir = os.TempDir()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("banyan %v: %w: %s", args, err, stderr.String())
	}
	return out, nil
}

// ledger is what "banyan ledger --json" prints.
type ledger struct {
	Accepted, Written, Waiting, Dead, Cancelled int64
	Balanced                                    bool
}

func (s *storefront) ledger() ledger {
	s.t.Helper()
	var l ledger
	require.NoError(s.t, json.Unmarshal(s.banyan("ledger", "--json"), &l))
	return l
}

// drained waits until no order waits any more and returns the ledger.
func (s *storefront) drained() ledger {
	s.t.Helper()
	var l ledger
	require.Eventually(s.t, func() bool {
		l = s.ledger()
		return l.Waiting == 0
	}, time.Minute, 50*time.Millisecond, "orders still wait")
	return l
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}
