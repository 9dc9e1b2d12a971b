package proxy

import "sync"

// The sizes of what is lent. A connection that rests holds none of it.
const (
	smallBytes = 16 << 10 // what a viewer sends, and what is put together to be sent
	largeBytes = copyBytes
)

// buffers lends memory for reading and writing.
type buffers struct{ small, large sync.Pool }

// borrow lends smallBytes.
func (s *buffers) borrow() []byte {
	if b, ok := s.small.Get().(*[smallBytes]byte); ok {
		return b[:]
	}
	return make([]byte, smallBytes)
}

// Get lends largeBytes, and Put takes them back, as httputil.BufferPool has it.
func (s *buffers) Get() []byte {
	if b, ok := s.large.Get().(*[largeBytes]byte); ok {
		return b[:]
	}
	return make([]byte, largeBytes)
}

// Put takes back what was lent. What has grown beyond it is left to the
// garbage collector.
func (s *buffers) Put(b []byte) {
	switch cap(b) {
	case smallBytes:
		s.small.Put((*[smallBytes]byte)(b[:smallBytes]))
	case largeBytes:
		s.large.Put((*[largeBytes]byte)(b[:largeBytes]))
	}
}
