package listing

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/banyan-edge/banyan/api/order"
)

// Claim returns the listing's idempotency claim, by the rules of an order's: a
// client's own key holds for order.KeyTTL; one made of session and body, where
// the client sent none, for order.DerivedKeyTTL. Its keys and those of orders
// never meet.
func (l Listing) Claim() order.Claim {
	fp := l.fingerprint()
	if l.Key != "" {
		return order.Claim{Key: "listing-key:" + l.Key, Fingerprint: fp, TTL: order.KeyTTL}
	}
	text, err := json.Marshal([]string{l.Session, fp})
	if err != nil {
		panic(err) // two strings
	}
	h := sha256.Sum256(text)
	return order.Claim{Key: "listing-form:" + hex.EncodeToString(h[:16]), Fingerprint: fp, TTL: order.DerivedKeyTTL}
}

// fingerprint identifies what the seller asked for.
func (l Listing) fingerprint() string {
	text, err := json.Marshal(wireOf(l))
	if err != nil {
		panic(err) // strings and numbers
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:16])
}
