// Package route is the routing table of the edge: routes and products compiled
// into an immutable Table that decides, for every request, which arm answers.
//
// It is pure: it reads no file and no clock. ReadConfig and ReadProducts turn
// the text of banyan.yaml and products.yaml into a Config and Products, with
// findings that name file, line, the offending text and a hint; Compile makes a
// Table of them; Decide asks it:
//
//	all-legacy → ambiguous path → routes, first match wins → product → legacy
//
// The same decision is made by the CloudFront Function that edge/cloudfront
// compiles, and shown in words by "banyan explain".
package route
