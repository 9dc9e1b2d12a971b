package order

import "fmt"

// State is where an accepted order stands:
//
//	accepted → written
//	accepted → rejected | cancelled
//
// A dead letter is accepted with a cause (see Record.Dead).
type State uint8

// The states of an order.
const (
	Accepted  State = iota // durably queued, its stock held
	Written                // in the legacy database
	Rejected               // given up on after legacy refused it; its stock given back
	Cancelled              // taken back before it was written; its stock given back
)

var stateNames = [...]string{"accepted", "written", "rejected", "cancelled"}

// String returns the state's word, as used in JSON, logs and pages.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// ParseState is the inverse of String.
func ParseState(word string) (State, error) {
	for i, name := range stateNames {
		if name == word {
			return State(i), nil
		}
	}
	return 0, fmt.Errorf("unknown order state %q (one of %v)", word, stateNames)
}

// MarshalText writes the state's word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word.
func (s *State) UnmarshalText(text []byte) (err error) {
	*s, err = ParseState(string(text))
	return err
}
