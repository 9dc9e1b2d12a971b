// Package loadtest measures Banyan as a whole: the binary that users run, over
// real sockets, with a load generator that costs little enough to share the
// machine with it.
package loadtest
