// Package upload is where sellers' pictures arrive: addresses that take one file
// of an announced size and type for a while, and the check that each file passes
// before anybody gets to see it. Two packages below it do the same:
//
//	upload/folder  files in the data folder, addresses signed with a key of its own
//	upload/bucket  objects in S3, addresses presigned; no picture passes through Lambda
//
// Both keep a picture under a name made of the listing's id and the picture's
// number, never of what the seller called it, in three places:
//
//	incoming → pictures      once it was checked
//	        └→ refused       the fault is part of the name
//
// What was announced is held against what came: the number of bytes, the type by
// the bytes themselves, the SHA-256 where there is one. What is no JPEG, PNG or
// WebP picture from its first byte to its last is refused, so that nothing that a
// browser or a server would run can hide in one place and be served from another.
package upload
