package report

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine is what the rehearsal ran on.
type Machine struct {
	Cores  int    `json:"cores"`
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
	OS     string `json:"os"`
	Load   string `json:"load"` // of the last minute, before anything was started
	Go     string `json:"go"`
	Banyan string `json:"banyan"`
	Open   int    `json:"open"` // requests that the generator can keep open
}

// ThisMachine describes the one that this runs on, by /proc where there is one.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), CPU: runtime.GOARCH, OS: runtime.GOOS, Go: runtime.Version()}
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		m.CPU = name
	}
	var kilobytes float64
	if _, err := fmt.Sscan(field("/proc/meminfo", "MemTotal"), &kilobytes); err == nil {
		m.Memory = fmt.Sprintf("%.0f GB", kilobytes/(1<<20))
	}
	for line := range strings.Lines(read("/etc/os-release")) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); found {
			m.OS = strings.Trim(name, `"`)
		}
	}
	if kernel := strings.TrimSpace(read("/proc/sys/kernel/osrelease")); kernel != "" {
		m.OS += ", Linux " + kernel
	}
	m.Load, _, _ = strings.Cut(read("/proc/loadavg"), " ")
	return m
}

func read(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// field returns the first value of this name in a file of "name: value" lines.
func field(path, name string) string {
	for line := range strings.Lines(read(path)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
