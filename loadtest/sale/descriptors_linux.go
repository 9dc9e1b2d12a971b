package sale

import "syscall"

// spareDescriptors are left for files, pipes and the database.
const spareDescriptors = 500

// descriptors is how many connections this process may hold. Go has raised the
// soft limit to the hard one at the start.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<30 {
		return MaxOpen
	}
	return max(1, int(limit.Cur)-spareDescriptors)
}
