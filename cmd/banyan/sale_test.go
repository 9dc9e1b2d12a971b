package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// saleReport is what a program reads of a report.
type saleReport struct {
	Verdict struct{ Clean, Judged bool }
	Runs    []struct {
		Way      string
		Accepted int64
		Cut      bool
	}
}

func readSale(t *testing.T, file string) (r saleReport) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

func TestSale_CtrlCLeavesAReportAndNoProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(binary, "sale", "--keep", "--runs", "straight,flipped", "--for", "10m", "--spike", "20", "--lead", "0s", "--latency", "5ms", "--out", "r.html")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill() })
	require.Eventually(t, func() bool { return legacyOf(cmd.Process.Pid) != 0 }, 20*time.Second, 20*time.Millisecond)
	legacy := legacyOf(cmd.Process.Pid)
	orders := func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "banyan-sale-*", "1-straight", "legacy.db"))
		if len(files) == 0 {
			return false
		}
		var n int
		err := openLegacy(t, files[0]).QueryRow("SELECT COUNT(*) FROM orders").Scan(&n)
		return err == nil && n > 5
	}
	require.Eventually(t, orders, 20*time.Second, 50*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait())
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), talk.String())
	require.Contains(t, talk.String(), "banyan: the rehearsal was cut off")
	r := readSale(t, filepath.Join(dir, "r.json"))
	require.Len(t, r.Runs, 1, "the flipped run was not begun")
	require.True(t, r.Runs[0].Cut)
	require.True(t, r.Verdict.Clean)
	require.Greater(t, r.Runs[0].Accepted, int64(5))
	require.FileExists(t, filepath.Join(dir, "r.html"))
	require.ErrorIs(t, syscall.Kill(legacy, 0), syscall.ESRCH, "the shop was ended, and waited for")
}

// legacyOf returns the process id of the sample shop that a rehearsal started; 0
// where it has not yet.
func legacyOf(parent int) int {
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(parent)).Output()
	if err != nil {
		return 0
	}
	var pid int
	if err := json.Unmarshal(bytes.TrimSpace(out), &pid); err != nil {
		return 0
	}
	return pid
}

func TestSale_AStorefrontElsewhereIsDrivenOnceAndItsDatabaseLookedAt(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	_, err := runBanyan("flip", "tourney-casting-rod", "serverless", "--data", s.Data)
	require.NoError(t, err)
	id, err := place(http.DefaultClient, s.Storefront, "before-the-sale")
	require.NoError(t, err)
	require.NotEmpty(t, id)
	s.drained()
	out := filepath.Join(t.TempDir(), "r.html")
	_, err = runBanyan("sale", "--target", s.Storefront, "--database", "sqlite:"+filepath.Join(s.Data, "legacy.db"),
		"--lead", "0s", "--for", "1s", "--tail", "0s", "--spike", "40", "--browse", "10", "--out", out)
	require.NoError(t, err, "an order from before the sale is no lie")
	r := readSale(t, strings.TrimSuffix(out, ".html")+".json")
	require.Len(t, r.Runs, 1)
	require.True(t, r.Verdict.Clean && r.Verdict.Judged)
	require.Greater(t, r.Runs[0].Accepted, int64(10))
}

func TestSale_ALieEndsWithOne(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	legacy := filepath.Join(s.Data, "legacy.db")
	_, err := openLegacy(t, legacy).Exec(`CREATE TRIGGER lie AFTER INSERT ON order_items BEGIN UPDATE orders SET total_cents = total_cents + 1 WHERE id = NEW.order_id; END`)
	require.NoError(t, err)
	_, err = runBanyan("sale", "--target", s.Storefront, "--database", "sqlite:"+legacy,
		"--lead", "0s", "--for", "1s", "--tail", "0s", "--spike", "10", "--browse", "0", "--out", filepath.Join(t.TempDir(), "r.html"))
	require.ErrorContains(t, err, "exit status 1")
	require.ErrorContains(t, err, "orders with another amount or other lines")
}
