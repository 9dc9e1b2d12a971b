// Package folder keeps pictures as files and takes them over HTTP, at addresses
// that it signs. It is upload for one machine:
//
//	PUT → signature, time, size, type → incoming file → check → fsync → linked as a picture
//
// A picture is there whole or not at all: it is linked under its name only once
// it is on disk and was checked, and the link fails where there is one already,
// so that of two uploads of a picture exactly one counts and none is ever
// overwritten. What a crash leaves among the incoming is removed at the next
// start.
//
// Files have the mode 0600 and a name made of ids; nothing takes a file's type
// from its name. A picture is answered with the type of its own bytes, nosniff, a
// sandbox that runs nothing, and a name that holds nothing of the seller's.
package folder
