package order

import (
	"crypto/rand"
	"time"

	"github.com/oklog/ulid/v2"
)

// NewID returns an order id: a ULID, so that ids sort by time, with 80 random
// bits, so that nobody can guess another shopper's.
func NewID(now time.Time) string {
	return ulid.MustNew(ulid.Timestamp(now), rand.Reader).String()
}

// ValidID reports whether id has the form of an order id.
func ValidID(id string) bool {
	_, err := ulid.ParseStrict(id)
	return err == nil
}
