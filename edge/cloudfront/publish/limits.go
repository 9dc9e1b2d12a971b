package publish

import (
	"time"

	"github.com/banyan-edge/banyan/edge/cloudfront"
)

// The quotas of a key-value store, and of its API ("Quotas on key value
// stores", CloudFront Developer Guide). The API takes at most 3 MB in one call
// as well, which 50 items of the greatest size do not come near.
const (
	StoreBytes   = cloudfront.StoreBytes // keys and values together
	KeyBytes     = cloudfront.KeyBytes
	ValueBytes   = cloudfront.ValueBytes
	KeysPerCall  = 50
	ItemsPerPage = 50
)

// How often and how long Banyan tries.
const (
	callTries    = 8  // of one call that is throttled or fails in passing
	rounds       = 10 // of reading anew because somebody else wrote
	readTries    = 10 // of reading a store that changes meanwhile
	verifyTries  = 6  // of reading back what was written
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 5 * time.Second
	callTimeout  = 30 * time.Second // of one call, also of the one in hand when the user stops
)

// What the mark has room for beside what it must say.
const (
	whoBytes = 64
	whyBytes = 200
)
