package k6

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// script is one run of k6.
type script struct {
	name  string
	notes string // file of what it wrote of its orders
	flags []string

	crossed bool // a threshold was
	summary summary
}

// thresholdsCrossed is k6's exit code for a run in which a threshold was.
const thresholdsCrossed = 99

// where returns the k6 that make loadtest names, and skips the test without.
func where(t *testing.T) string {
	t.Helper()
	path := os.Getenv("BANYAN_K6")
	if path == "" {
		t.Skip("make loadtest plays the scripts with k6; the same traffic is played here by TestScenario")
	}
	return path
}

// run plays the script and reads what it came to. It calls begun when shoppers
// come, where the script says so.
func (s *script) run(ctx context.Context, k6, dir string, begun func()) error {
	said := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { begun() }))
	defer said.Close()
	s.notes = filepath.Join(dir, s.name+".notes")
	figures := filepath.Join(dir, s.name+".json")
	args := append([]string{
		"run", "--no-usage-report", "--address=", "--no-color", "--quiet", // it would listen on a port of its own
		"--console-output", s.notes, "--log-format", "raw", "--summary-export", figures, "-e", "BEGUN=" + said.URL,
	}, s.flags...)
	cmd := exec.CommandContext(ctx, k6, append(args, s.name+".js")...)
	cmd.Env = append(os.Environ(), "K6_NO_USAGE_REPORT=true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	var code *exec.ExitError
	if errors.As(err, &code) && code.ExitCode() == thresholdsCrossed {
		s.crossed, err = true, nil
	}
	if err != nil {
		return fmt.Errorf("k6 run %s: %w\n%s", s.name, err, out)
	}
	text, err := os.ReadFile(figures)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &s.summary)
}

// summary is what k6 exports of its metrics.
type summary struct {
	Metrics map[string]metric `json:"metrics"`
}

// metric is a counter, a rate or a trend.
type metric struct {
	Count      float64         `json:"count"`
	Passes     float64         `json:"passes"`
	Fails      float64         `json:"fails"`
	Median     float64         `json:"med"`
	P99        float64         `json:"p(99)"`
	Max        float64         `json:"max"`
	Thresholds map[string]bool `json:"thresholds"` // true: crossed
}

// crossed lists the thresholds that were.
func (s summary) crossed() (list []string) {
	for name, m := range s.Metrics {
		for threshold, crossed := range m.Thresholds {
			if crossed {
				list = append(list, name+" "+threshold)
			}
		}
	}
	return list
}

// empty lists the metrics that have a threshold and nothing measured: k6 lets
// those pass.
func (s summary) empty() (list []string) {
	for name, m := range s.Metrics {
		if len(m.Thresholds) > 0 && m.Count+m.Passes+m.Fails+m.Max == 0 && !strings.HasPrefix(name, "dropped_iterations") {
			list = append(list, name)
		}
	}
	return list
}

// rates lists the shares of good answers that are not all of them.
func (s summary) rates() (list []string) {
	for name, m := range s.Metrics {
		if m.Thresholds["rate==1"] || (m.Fails > 0 && len(m.Thresholds) > 0) {
			list = append(list, fmt.Sprintf("%s: %.0f of %.0f", name, m.Fails, m.Passes+m.Fails))
		}
	}
	return list
}

// TestScript_EveryScenarioOfTheFolderIsPlayed, and every script says in its
// first lines what it plays and proves.
func TestScript_EveryScenarioOfTheFolderIsPlayed(t *testing.T) {
	files, err := filepath.Glob("*.js")
	require.NoError(t, err)
	var want []string
	for _, s := range scenarios() {
		want = append(want, s.name+".js")
	}
	require.ElementsMatch(t, want, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		head, _, _ := strings.Cut(string(text), "\nimport ")
		for _, word := range []string{"// Plays ", "// Proves ", "FOR=", "k6 run --no-usage-report"} {
			require.Contains(t, head, word, file)
		}
		require.NotContains(t, string(text), "https://", "%s: nothing is fetched from elsewhere", file)
	}
}
