package sock

import "errors"

// Usable says whether the functions here do anything. On Windows connections
// are not non-blocking in this sense, and are read and written as any other.
const Usable = false

var errUnusable = errors.New("sock: not on this system")

// Read is not to be called.
func Read(uintptr, []byte) (int, error) { return 0, errUnusable }

// Write is not to be called.
func Write(uintptr, []byte) (int, error) { return 0, errUnusable }

// Write2 is not to be called.
func Write2(uintptr, []byte, []byte) (int, error) { return 0, errUnusable }

// Quiet cannot tell, and says so by being hopeful.
func Quiet(uintptr) bool { return true }
