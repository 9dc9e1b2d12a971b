// Package publish brings a compiled table into CloudFront's key-value store,
// where the edge's function reads it.
//
//	Read → Compare → Plan → UpdateKeys, in order → verified
//
// Beside the items the store holds a mark: which epoch it has, the hash of its
// items, who published it, and whether a publish is under way. A publish that
// fits one call is atomic. A longer one says so in the mark first and takes the
// mark away with its last call, so that one that was killed is seen, and is
// finished by running it again. What its half means for shoppers is said at
// order.
//
// Every write names the ETag it builds on, so two publishers never interleave
// unseen: the one with the older epoch stops, and with one epoch for two
// contents, the second does.
package publish
