package upload

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/banyan-edge/banyan/api/listing"
)

// Check is a writer that looks at a file as it passes.
type Check struct {
	announced listing.Picture
	head      []byte
	tail      []byte
	size      int64
	sum       hash.Hash // nil where no checksum was announced
}

// NewCheck returns a check that has seen nothing.
func NewCheck(announced listing.Picture) *Check {
	c := &Check{announced: announced, head: make([]byte, 0, max(0, min(HeadBytes, announced.Bytes)))}
	if announced.SHA256 != "" {
		c.sum = sha256.New()
	}
	return c
}

// Write never fails.
func (c *Check) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	if room := HeadBytes - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(room, len(p))]...)
	}
	c.tail = append(c.tail, p[max(0, len(p)-TailBytes):]...)
	c.tail = c.tail[max(0, len(c.tail)-TailBytes):]
	if c.sum != nil {
		c.sum.Write(p)
	}
	return len(p), nil
}

// Fault holds what passed against what was announced, or returns "".
func (c *Check) Fault() listing.Fault {
	if c.sum != nil && c.size == c.announced.Bytes && hex.EncodeToString(c.sum.Sum(nil)) != c.announced.SHA256 {
		return listing.WrongChecksum
	}
	return Verdict(c.announced, c.head, c.tail, c.size)
}

// Verdict holds a file against what was announced, its checksum aside.
func Verdict(p listing.Picture, head, tail []byte, size int64) listing.Fault {
	if size != p.Bytes {
		return listing.WrongSize
	}
	kind, fault := Inspect(head, tail, size)
	if fault == "" && kind != p.Type {
		fault = listing.WrongType
	}
	return fault
}
