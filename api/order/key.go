package order

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"time"
)

// Claim is what makes a repeated order harmless: a key that can be claimed
// once, the fingerprint of what it was claimed for, and for how long.
type Claim struct {
	Key         string
	Fingerprint string
	TTL         time.Duration
}

// Claim returns the order's idempotency claim. A client's own key holds for
// KeyTTL (draft-ietf-httpapi-idempotency-key-header). Where the client sent
// none, one is made of session, cart and body and holds for DerivedKeyTTL, so
// that a double click on an unmodified form is one order.
func (o Order) Claim() Claim {
	fp := o.fingerprint()
	if o.Key != "" {
		return Claim{"key:" + o.Key, fp, KeyTTL}
	}
	h := sha256.New()
	writeField(h, o.Session)
	writeField(h, fp)
	return Claim{"form:" + hex.EncodeToString(h.Sum(nil)[:16]), fp, DerivedKeyTTL}
}

// fingerprint identifies what the shopper asked for: customer, lines and
// payment, but not the prices, which are the shop's.
func (o Order) fingerprint() string {
	h := sha256.New()
	writeField(h, o.Customer.Email)
	writeField(h, o.Customer.Name)
	writeField(h, o.Customer.Address)
	writeField(h, o.Payment.Token)
	var n [8]byte
	for _, l := range o.Lines {
		writeField(h, l.SKU)
		binary.BigEndian.PutUint64(n[:], uint64(l.Quantity))
		h.Write(n[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// writeField hashes s behind its length, so that no two lists of fields look alike.
func writeField(h hash.Hash, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}

// ParseKey reads an Idempotency-Key header. The draft says a structured-field
// string ("…"); a bare token, which most clients send, is taken as well. An
// empty header is no key.
func ParseKey(header string) (string, error) {
	key := strings.TrimSpace(header)
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
		if key == "" {
			return "", badKey("is empty")
		}
	}
	if len(key) > MaxKeyBytes {
		return "", badKey("is longer than 255 bytes")
	}
	for i := range len(key) {
		if c := key[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return "", badKey("may hold only visible ASCII characters other than \" and \\")
		}
	}
	return key, nil
}

func badKey(detail string) error {
	return &InvalidError{Fields: []FieldError{{Field: "Idempotency-Key", Detail: detail}}}
}
