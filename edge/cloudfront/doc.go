// Package cloudfront compiles a routing table to what CloudFront runs: a
// viewer-request function, the items of its key-value store, and cache
// behaviours.
//
// The function makes the decision of edge/route, request by request, from items
// alone, so that its text is the same for every table and a flip takes seconds:
//
//	table           epoch, mode, product paths, and as many routes as fit
//	routes.HASH     further routes, where there are too many for one value
//	pN.I            the products of shard I of N; pN.I> goes on where it is full
//
// A request reads "table" and, where its path is a product's, one shard: two
// look-ups, or one for everything else and in mode all-legacy. A page of routes
// that do not fit beside the table is one more, for requests that no earlier
// route matches. A shard holds 8 to 16 products of the file, about 500 bytes of
// the 1,000 that a value may have. Flipping a product changes its shard, and
// the epoch in "table", in one call.
//
// A product on the legacy arm has no entry (and its shard perhaps no item):
// what is not found is legacy's. So a store has room for a catalogue of any
// size, and for some 100,000 products that are flipped.
//
// Whatever goes wrong in the function, the request goes on to legacy, which is
// the target origin of every behaviour.
package cloudfront
