package gateway

import (
	"crypto/rand"
	"encoding/base32"
	"strconv"
	"sync/atomic"
)

// requestIDs makes the ids of requests: a random word for the gateway and a
// number for the request.
type requestIDs struct {
	prefix string
	last   *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var seed [10]byte
	_, _ = rand.Read(seed[:]) // never fails
	return requestIDs{prefix: base32.StdEncoding.EncodeToString(seed[:]) + "-", last: new(atomic.Uint64)}
}

func (ids requestIDs) next() string {
	return ids.prefix + strconv.FormatUint(ids.last.Add(1), 10)
}
