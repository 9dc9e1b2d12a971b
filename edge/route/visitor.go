package route

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// VisitorCookie is the cookie that keeps a shopper's visitor.
const VisitorCookie = "banyan_visitor"

// visitorBytes bounds a visitor's length: what Banyan sets has 32.
const visitorBytes = 64

// ValidVisitor reports whether a cookie's value can be a visitor: 1 to 64
// characters that a cookie can hold. Anything else is taken for no cookie.
func ValidVisitor(value string) bool {
	if value == "" || len(value) > visitorBytes {
		return false
	}
	for i := range len(value) {
		switch c := value[i]; {
		case c <= ' ', c >= 0x7f, c == '"', c == ',', c == ';', c == '\\':
			return false
		}
	}
	return true
}

// DeriveVisitor returns the visitor of a shopper who sent no cookie: the first
// 16 bytes of SHA-256(address, newline, user agent) in hexadecimal. The first
// and the second request agree, though only the second brings the cookie.
func DeriveVisitor(address, userAgent string) string {
	sum := sha256.Sum256([]byte(address + "\n" + userAgent))
	return hex.EncodeToString(sum[:16])
}

// Bucket returns the bucket, from 0 to 9,999, that a visitor falls in for a
// product: the first 4 bytes of SHA-256(visitor, newline, product), big-endian,
// mod 10,000. The product is in it so that the same shoppers are not the first
// in every trial.
func Bucket(visitor, product string) int {
	var buffer [visitorBytes + 1 + slugBytes]byte
	message := append(append(append(buffer[:0], visitor...), '\n'), product...)
	sum := sha256.Sum256(message)
	return int(binary.BigEndian.Uint32(sum[:]) % uint32(Everyone))
}
