// Package proxy serves a routing table as an http.Handler: what the table
// gives to the serverless arm goes there, everything else falls through to
// legacy, with path, query and body as the shopper sent them.
//
//	ServeHTTP → Table.Decide → legacy origin | serverless arm | capture
//
// It promises four things. The raw request target and the body reach the
// origin byte for byte. What a viewer claims about itself (x-banyan-*,
// X-Forwarded-*, Forwarded, a trace) is removed and rebuilt from the hops the
// operator trusts. A GET or HEAD that the serverless arm fails is answered by
// legacy, and nothing of the failed answer is seen; a request that may write
// is sent to one arm once, and never again. A flip is a new table: requests,
// streams and upgrades that are open keep the one they began with.
//
// An Engine serves a Proxy on a listener. It speaks HTTP/1.1 itself, and
// strictly; a request that an origin is to answer passes through it as it
// stands (pass.go), and whatever is not so simple goes through ServeHTTP
// (byhand.go). Both do the same, and the same tests hold them to it. To origins
// both speak by one client, as strict (roundtrip.go, originconn.go); to those that
// are declared for HTTP/2 the plain path speaks it by net/http (multiplexed.go).
//
// Time-outs and sizes are in limits.go, and nowhere else.
package proxy
