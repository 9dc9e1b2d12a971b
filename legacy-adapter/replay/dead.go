package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// ErrNotDead is returned where something is to be done to a capture that is no
// dead letter (any more).
var ErrNotDead = errors.New("the captured request is no dead letter")

// ErrMayBeThere is returned where a dead letter is to be changed that legacy
// may have carried out as it was.
var ErrMayBeThere = errors.New("legacy may have carried it out as it was")

// Act says who does something to a dead letter, and why.
type Act struct {
	Who string
	Why string
}

// Action is what was done to a dead letter, or happened to it.
type Action string

// The actions.
const (
	Refused  Action = "refused"  // it became a dead letter
	Checked  Action = "checked"  // legacy was asked whether it has it
	Edited   Action = "edited"   // its body was corrected
	Redriven Action = "redriven" // put back in the queue
	Dropped  Action = "dropped"  // given up on
)

// AuditEntry is one thing that was done to a capture.
type AuditEntry struct {
	At     time.Time `json:"at"`
	Action Action    `json:"action"`
	Who    string    `json:"who"`
	Why    string    `json:"why,omitempty"`
	Cause  string    `json:"cause,omitempty"` // of the dead letter at that time; of checked, what came of it
}

// Cause is a group of dead letters with the same cause.
type Cause struct {
	Rule    string // the route that had them captured
	Cause   string
	Count   int64
	Oldest  time.Time // when the first of them became a dead letter
	Newest  time.Time // and the last
	Example string    // the id of the one accepted first
}

// Words names the group: the route, and the cause.
func (c Cause) Words() string { return causeWords(c.Rule, c.Cause) }

// CauseWords names the group that a dead letter is in, as Cause.Words does.
func (c *Capture) CauseWords() string { return causeWords(c.Rule, c.Cause) }

func causeWords(rule, cause string) string { return rule + " request: " + cause }

// DeadFilter says which dead letters are wanted. They come in the order in
// which they were accepted.
type DeadFilter struct {
	Cause string // part of the group's name (Cause.Words), in any case; empty: whatever it is
	After string // only those accepted after the one with this id; empty: from the first
	Limit int    // 0: 100
}

// Checkup is what asking legacy about a dead letter found.
type Checkup struct {
	Found bool   // legacy has it
	OK    bool   // redriven, it is sent, or counts as written
	Asked bool   // legacy could be asked, or did not need to be
	Words string // for people
}

// Check asks legacy whether it has a capture, and says what redriving it would
// do. It sends nothing.
func (r *Replay) Check(ctx context.Context, c Capture) Checkup {
	rule, _ := r.options.Route(c.Rule)
	j := &job{Replay: r, c: &c, urgent: true, began: r.now()}
	finding, why := j.find(ctx, rule)
	if proved, tried := r.proofs.of(rule.FoundBy); finding == missing && tried && !proved {
		finding, why = useless, errDisproved
	}
	switch {
	case finding == found:
		return Checkup{Found: true, OK: true, Asked: true, Words: "legacy has it; redriven, it counts as written"}
	case finding == missing:
		return Checkup{OK: true, Asked: true, Words: "legacy does not have it; redriven, it is sent again"}
	case finding == unsure:
		return Checkup{Words: fmt.Sprintf("legacy cannot say now: %v", why)}
	case !c.Doubt:
		return Checkup{OK: true, Asked: true, Words: "legacy refused it and did nothing; redriven, it is sent again"}
	case rule.Repeat == route.RepeatSafe:
		return Checkup{OK: true, Asked: true, Words: "legacy may have it, and it is safe to repeat; redriven, it is sent again"}
	}
	return Checkup{Asked: true, Words: fmt.Sprintf("nothing tells whether legacy has it: %v; redriven, it would die of the same again", why)}
}
