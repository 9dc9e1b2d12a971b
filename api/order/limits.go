package order

import "time"

// The limits of an order. A field over its limit is refused with its name; the
// README lists them.
const (
	MaxBodyBytes    = 256 << 10 // of a checkout request
	MaxLines        = 100
	MaxQuantity     = 1000 // of one line
	MaxEmailBytes   = 254  // RFC 5321 §4.5.3.1
	MaxNameBytes    = 200
	MaxAddressBytes = 500
	MaxSKUBytes     = 100
	MaxTokenBytes   = 200
	MaxKeyBytes     = 255 // of an Idempotency-Key

	// KeyTTL is how long the first answer to a client's own key is given again.
	KeyTTL = 24 * time.Hour
	// DerivedKeyTTL is the same for a key made from session, cart and body.
	DerivedKeyTTL = 10 * time.Minute
)
