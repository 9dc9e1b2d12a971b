// Package bucket keeps pictures in S3 and has sellers send them there: an answer
// holds presigned addresses, and no picture passes through Lambda.
//
//	PUT → incoming/ (size, type and checksum signed, once) → check → copied to pictures/
//
// An address takes one object, of the signed Content-Length and Content-Type (and
// x-amz-checksum-sha256, where the seller announced one), and only where there is
// none yet: If-None-Match is signed too, so that an address used again gets 412.
// What S3 let through is nobody's to see yet. The check reads the first
// upload.HeadBytes and the last few, not the picture, and has S3 copy the very
// object that it read, by its ETag, to where pictures are shown from, with the
// type of its bytes. What does not pass is removed, and its fault noted.
//
// The check is made when an object is created (an S3 notification to the API's
// function), and where that was missed, when somebody looks at the listing.
// Incoming objects stay, so that their addresses stay used up, until the bucket's
// lifecycle removes them after a day.
//
// # What it needs to be allowed
//
// On objects below incoming/, pictures/ and refused/ s3:PutObject and
// s3:GetObject, on incoming/ and refused/ s3:DeleteObject, and on the bucket
// s3:ListBucket. An address can do what its signer can, so the function's role
// needs s3:PutObject on incoming/ for the sellers' sake.
package bucket
