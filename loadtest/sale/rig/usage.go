package rig

import (
	"fmt"
	"os"
	"strings"
)

// ticksPerSecond is the unit of /proc's times, which Linux shows as 100 to all
// programs whatever it counts with.
const ticksPerSecond = 100

// Usage is processor time spent so far, in seconds.
type Usage struct {
	Ours float64 // by the shoppers and the storefront's processes that run now
	All  float64 // by everything on this machine
}

// Used reads the time spent so far; ok is false where /proc does not say.
func (s *Stage) Used() (u Usage, ok bool) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return u, false
	}
	var user, nice, system, idle, wait, irq, soft float64
	line, _, _ := strings.Cut(string(text), "\n")
	if _, err := fmt.Sscanf(line, "cpu %g %g %g %g %g %g %g", &user, &nice, &system, &idle, &wait, &irq, &soft); err != nil {
		return u, false
	}
	u.All = (user + nice + system + irq + soft) / ticksPerSecond
	for _, pid := range s.pids() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return u, false
		}
		_, after, _ := strings.Cut(string(text), ") ") // the name may hold anything
		fields := strings.Fields(after)
		var mine, kernel float64
		if len(fields) < 13 {
			return u, false
		}
		fmt.Sscan(fields[11], &mine)
		fmt.Sscan(fields[12], &kernel)
		u.Ours += (mine + kernel) / ticksPerSecond
	}
	return u, true
}
