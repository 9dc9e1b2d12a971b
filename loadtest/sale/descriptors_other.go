//go:build !linux

package sale

// descriptors is how many connections this process may hold: nobody asks here.
func descriptors() int { return MaxOpen }
