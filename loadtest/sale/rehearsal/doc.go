// Package rehearsal plays one run of a sale and says what came of it:
//
//	Stage up → shoppers come → queue drains → processes end → truth
//
// The same Plan is played on each Stage, with the same shoppers, so that runs
// can be laid over each other. A run that is cut off still says what was
// measured so far.
package rehearsal
