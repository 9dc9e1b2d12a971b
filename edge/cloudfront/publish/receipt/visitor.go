package receipt

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/banyan-edge/banyan/edge/route"
)

// visitorTries bounds the search for a visitor: enough for a share of 0.01%,
// with a chance of one in 10^40 that it is not.
const visitorTries = 1_000_000

// VisitorIn returns a visitor who is within a share of a product's shoppers; ok
// says that there is one. Who asks for a receipt while the product is shared has
// to be such a shopper.
func VisitorIn(product string, share route.Share) (visitor string, ok bool) {
	var seed [16]byte
	for range visitorTries {
		_, _ = rand.Read(seed[:]) // it never fails
		visitor = hex.EncodeToString(seed[:])
		if route.Bucket(visitor, product) < int(share) {
			return visitor, true
		}
		if share == 0 {
			break
		}
	}
	return "", false
}
