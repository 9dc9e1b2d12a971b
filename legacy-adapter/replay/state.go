package replay

import "fmt"

// State is where a capture stands:
//
//	waiting ⇄ sending → written | cancelled | dead
//	             ↓ ↑
//	           unknown → written | dead
type State uint8

// The states. A capture that is waiting, sending or unknown counts as waiting
// in the ledger.
const (
	Waiting   State = iota // to be sent
	Sending                // on disk before the first byte goes out
	Unknown                // it may have arrived; to be found out
	Written                // legacy has it
	Cancelled              // legacy refused it, and the shopper was there to see it
	Dead                   // a dead letter: for someone to look at
)

var states = [...]string{"waiting", "sending", "unknown", "written", "cancelled", "dead"}

// String returns the state's word, as used in logs, metrics and pages.
func (s State) String() string {
	if int(s) < len(states) {
		return states[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// MarshalText writes the state's word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Ended reports whether nothing more becomes of it by itself.
func (s State) Ended() bool { return s >= Written }
