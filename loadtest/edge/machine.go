//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine says which cores do what: the proxies have the first to themselves,
// generator and origin share the others.
type machine struct {
	proxy, others string // as taskset writes them
}

func newMachine() (machine, error) {
	last := runtime.NumCPU() - 1
	if last < 1 {
		return machine{}, fmt.Errorf("this machine has one core: proxy and generator would take it from each other")
	}
	return machine{proxy: "0", others: fmt.Sprintf("1-%d", last)}, nil
}

// pin makes a command that runs on these cores only and dies with this process.
func (machine) pin(ctx context.Context, cores string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", cores}, argv...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // nginx stops its workers
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// ticks is how many times a second the kernel counts processor time in /proc,
// on every architecture that Go runs on.
const ticks = 100

// busy is how the time of some cores was spent, in ticks.
type busy struct{ all, idle int64 }

// since returns the share of the time in which the cores worked.
func (b busy) since(before busy) float64 {
	all := b.all - before.all
	if all <= 0 {
		return 0
	}
	return 1 - float64(b.idle-before.idle)/float64(all)
}

// cores reads how the proxies' core and the others spent their time, by
// whomever.
func cores() (proxy, others busy, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return proxy, others, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		name, isCore := strings.CutPrefix(fields[0], "cpu")
		if !isCore || name == "" {
			continue
		}
		into := &others
		if name == "0" {
			into = &proxy
		}
		for i, field := range fields[1:min(9, len(fields))] { // guest time is in user time
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return proxy, others, fmt.Errorf("read /proc/stat: %w", err)
			}
			into.all += n
			if i == 3 || i == 4 { // idle, iowait
				into.idle += n
			}
		}
	}
	return proxy, others, nil
}

// usage is what a process and its children hold and have used.
type usage struct {
	cpu time.Duration
	rss int64 // bytes
}

// usageOf reads the usage of pid and of all that it started.
func usageOf(pid int) (usage, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return usage{}, err
	}
	stats := map[int]processStat{}
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, ok := readStat(id); ok {
			stats[id] = s
		}
	}
	var total usage
	for id := range stats {
		if descends(stats, id, pid) {
			total.cpu += stats[id].cpu
			total.rss += stats[id].rss
		}
	}
	if total.rss == 0 {
		return total, fmt.Errorf("process %d is gone", pid)
	}
	return total, nil
}

type processStat struct {
	parent int
	usage
}

// readStat reads /proc/PID/stat; a process that has ended meanwhile is not ok.
func readStat(pid int) (s processStat, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // the name may hold spaces
	if len(fields) < 22 {
		return s, false
	}
	number := func(i int) int64 { n, _ := strconv.ParseInt(string(fields[i]), 10, 64); return n }
	s.parent = int(number(1))
	s.cpu = time.Duration(number(11)+number(12)) * time.Second / ticks
	s.rss = number(21) * int64(os.Getpagesize())
	return s, true
}

// descends reports whether id is ancestor, or was started by it.
func descends(stats map[int]processStat, id, ancestor int) bool {
	for id > 1 && id != ancestor {
		id = stats[id].parent
	}
	return id == ancestor
}
