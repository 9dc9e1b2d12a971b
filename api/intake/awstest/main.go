package awstest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// tests is a test binary whose emulators are stopped at its end.
type tests struct{ m *testing.M }

// Main runs a test binary's tests and then stops the emulators that they
// started. It has the form that goleak.VerifyTestMain takes.
func Main(m *testing.M) interface{ Run() int } { return tests{m} }

// Run runs the tests.
func (t tests) Run() int {
	code := t.m.Run()
	for _, s := range []*single{&moto, &fauxqs, &localSQS} {
		if err := s.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop emulator:", err)
		}
	}
	return code
}

// single is an emulator that is started once.
type single struct {
	mu      sync.Mutex
	asked   bool
	running *Emulator
	missing error
}

// The emulators of this test binary: a process each, which tests share because
// a start takes a second.
var moto, fauxqs, localSQS single

// get starts the emulator unless it runs, or skips the test.
func (s *single) get(t testing.TB, start func() (*Emulator, error)) *Emulator {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.asked {
		s.asked = true
		s.running, s.missing = start()
	}
	if s.missing != nil {
		t.Skipf("an AWS emulator is needed: %v", s.missing)
	}
	return s.running
}

func (s *single) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return nil
	}
	err := s.running.stop()
	s.running = nil
	return err
}
