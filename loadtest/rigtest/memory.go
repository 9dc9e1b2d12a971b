package rigtest

import (
	"fmt"
	"os"
	"strings"
)

// Resident returns how many bytes of memory a process holds, by the kernel's
// count.
func Resident(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(status), "VmRSS:")
	var kilobytes int64
	if _, err := fmt.Sscan(after, &kilobytes); !found || err != nil {
		return 0, fmt.Errorf("process %d says nothing of its memory", pid)
	}
	return kilobytes << 10, nil
}
