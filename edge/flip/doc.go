// Package flip keeps the files that say what is flipped: it reads banyan.yaml
// and products.yaml into a route.Table, edits one product's lines at a time,
// keeps the journal of every change, and watches the files so that a change,
// whoever made it, is live within a second.
//
//	Apply → journal → products file → Table swapped
//
// The journal, history.jsonl, is where the epoch comes from: every entry is
// one. An entry is written before the file is and confirmed after, so that a
// crash in between leaves nothing to guess. Command line, console and edge
// share a lock and never write at once; what else is in the files, comments,
// order and other products, stays as it is, byte for byte.
//
// What both files were at each epoch is kept beside the journal, so that Restore
// can go back to the products of any of them, as a new epoch.
package flip
