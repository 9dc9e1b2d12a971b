// Package kvstest is a key-value store's data plane for tests: an HTTP server
// that enforces the rules of the API reference (ETag, keys a call, sizes,
// paging, SigV4A) and, where a test asks for it, fails at any call.
//
// It is made from the reference ("Amazon CloudFront KeyValueStore", API version
// 2022-07-26) and the requests that the SDK sends. It has never been held
// against AWS; what the reference leaves open is a field of Server.
package kvstest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ARN is the store that there is.
const ARN = "arn:aws:cloudfront::123456789012:key-value-store/6c1f2a30-0000-4000-8000-7d2b0f9e5a11"

// The rules.
const (
	storeBytes  = 5 << 20
	keyBytes    = 512
	valueBytes  = 1 << 10
	keysPerCall = 50
	callBytes   = 3 << 20
	defaultPage = 10
	maxPage     = 50
)

// Server is one account with one store.
type Server struct {
	URL string

	// StaleETag is the error that a stale ETag gives: the reference does not say
	// which. Empty: ConflictException, with 409.
	StaleETag string
	// Lag is how many reads after a write still show what was there before.
	Lag int

	mu     sync.Mutex
	items  map[string]string
	before map[string]string // what reads show while they lag
	lag    int
	etag   int
	calls  []string
	fault  func(op string, n int) Fault
	puts   [][]string // the keys of each update, "-key" for deleted ones
}

// Fault is what goes wrong with a call.
type Fault uint8

// The faults.
const (
	None       Fault = iota
	Throttle         // 429, and nothing is done
	Internal         // 500, and nothing is done
	Lose             // the connection ends before anything is done
	LoseAnswer       // it is done, and the connection ends
	FailAfter        // it is done, and the answer is 500
	Deny             // 403
	Intrude          // somebody else writes a key right before
)

// Start starts a server with an empty store; it ends with the test.
func Start(t testing.TB) *Server {
	s := &Server{items: make(map[string]string), etag: 1}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Items returns what the store holds.
func (s *Server) Items() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.items)
}

// Set writes an item by hand, as somebody in AWS's console does.
func (s *Server) Set(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[key] = value
	s.etag++
}

// Delete removes an item by hand.
func (s *Server) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, key)
	s.etag++
}

// Calls returns the operations that were called, in order.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Updates returns the keys of each update that was carried out.
func (s *Server) Updates() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.puts)
}

// Fail has fault asked at each call, counted from 1, what is to go wrong with it.
// nil: nothing.
func (s *Server) Fail(fault func(op string, n int) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Forget forgets the calls so far.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.puts = nil, nil
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op := operation(r)
	s.mu.Lock()
	s.calls = append(s.calls, op)
	n, ask := len(s.calls), s.fault
	s.mu.Unlock()
	fault := None
	if ask != nil {
		fault = ask(op, n)
	}
	switch fault {
	case Throttle:
		refuse(w, http.StatusTooManyRequests, "ThrottlingException", "Rate exceeded")
	case Internal:
		refuse(w, http.StatusInternalServerError, "InternalServerException", "try again")
	case Deny:
		refuse(w, http.StatusForbidden, "AccessDeniedException", "not authorized to perform cloudfront-keyvaluestore:"+op)
	case Lose:
		panic(http.ErrAbortHandler)
	case LoseAnswer, FailAfter:
		s.answer(httptest.NewRecorder(), r, op)
		if fault == LoseAnswer {
			panic(http.ErrAbortHandler)
		}
		refuse(w, http.StatusInternalServerError, "InternalServerException", "try again")
	case Intrude:
		s.Set("intruder", fmt.Sprint(n))
		s.answer(w, r, op)
	default:
		s.answer(w, r, op)
	}
}

// operation names the call by method and path.
func operation(r *http.Request) string {
	path := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/key-value-stores/"), "/")
	switch {
	case len(path) == 1 && r.Method == http.MethodGet:
		return "DescribeKeyValueStore"
	case len(path) == 2 && r.Method == http.MethodGet:
		return "ListKeys"
	case len(path) == 2 && r.Method == http.MethodPost:
		return "UpdateKeys"
	case len(path) == 3 && r.Method == http.MethodGet:
		return "GetKey"
	}
	return r.Method + " " + r.URL.Path
}
