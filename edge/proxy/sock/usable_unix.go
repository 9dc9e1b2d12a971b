//go:build unix

package sock

// Usable says whether the functions here do anything.
const Usable = true
