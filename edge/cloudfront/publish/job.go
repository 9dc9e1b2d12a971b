package publish

import "time"

// Job is one publish.
type Job struct {
	Wanted   Wanted
	Who, Why string

	// Base is what was published last, by which edits by hand are shown; nil
	// where it is not known.
	Base map[string]string
	// Deployed is the edge that the items meet, where the caller knows it; nil
	// keeps what the mark says.
	Deployed *Edge
	// Overwrite goes over what somebody else put into the store by hand.
	Overwrite bool
}

// Result is what a publish did, also one that failed.
type Result struct {
	Plan      Plan          `json:"plan"`      // as it was at first
	Published bool          `json:"published"` // the store was changed, and has all of it
	Verified  bool          `json:"verified"`  // what the store has was read back
	Calls     int           `json:"calls"`
	Cost      USD           `json:"cost_usd"`
	Left      int           `json:"left"` // items that were not written, after a failure or a stop
	Took      time.Duration `json:"took_ns"`
}

// marks returns the mark before and after the items.
func (j Job) marks(now State, at time.Time) (begun, done Mark) {
	hash := hashItems(j.Wanted.Items)
	at = at.UTC().Truncate(time.Millisecond)
	edge := now.Mark.Edge
	if j.Deployed != nil {
		edge = *j.Deployed
	}
	begun = now.Mark
	begun.Writing = &Writing{Epoch: j.Wanted.Epoch, Hash: hash, At: at, Who: j.Who}
	done = Mark{Epoch: j.Wanted.Epoch, Hash: hash, At: at, Who: j.Who, Why: j.Why, Edge: edge}
	return begun, done
}
