package console

import (
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// standing is where a product's shoppers go right now, when arm, share,
// schedule and mode are taken together.
type standing uint8

const (
	standsLegacy     standing = iota // all on legacy
	standsServerless                 // all on serverless
	standsShared                     // some on serverless
	standsScheduled                  // on legacy until the schedule begins
	standsOver                       // on legacy since the schedule ended
	standsOverruled                  // on legacy because everything is
)

// String returns the standing's word, as used in JSON and as a style.
func (s standing) String() string {
	return [...]string{"legacy", "serverless", "shared", "scheduled", "over", "overruled"}[s]
}

// MarshalText writes the standing's word.
func (s standing) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Arm returns the arm that answers now: for a shared product the one that it
// was flipped to.
func (s standing) Arm() route.Arm {
	if s == standsServerless || s == standsShared {
		return route.Serverless
	}
	return route.Legacy
}

// standingOf takes a product's settings, the mode and the clock together.
func standingOf(p Product, t Table, now time.Time) standing {
	switch {
	case p.Arm == route.Legacy || p.Share == 0:
		return standsLegacy
	case t.AllLegacy:
		return standsOverruled
	case !p.From.IsZero() && now.Before(p.From):
		return standsScheduled
	case !p.Until.IsZero() && !now.Before(p.Until):
		return standsOver
	case p.Share < route.Everyone:
		return standsShared
	default:
		return standsServerless
	}
}

// standingWords says a product's standing to a merchant.
func standingWords(p Product, s standing) string {
	switch s {
	case standsServerless:
		return "All shoppers" + untilWords(p)
	case standsShared:
		return fmt.Sprintf("%s of shoppers%s; the others get legacy", p.Share, untilWords(p))
	case standsScheduled:
		return fmt.Sprintf("Until %s, then serverless%s%s", minute(p.From), shareWords(p), untilWords(p))
	case standsOver:
		return "All shoppers; the serverless time ended " + minute(p.Until)
	case standsOverruled:
		return "All shoppers, because everything is; set to serverless" + shareWords(p) + untilWords(p)
	}
	if p.Arm == route.Serverless {
		return "All shoppers; the serverless share is 0%"
	}
	return "All shoppers"
}

func shareWords(p Product) string {
	if p.Share == route.Everyone {
		return ""
	}
	return " for " + p.Share.String()
}

func untilWords(p Product) string {
	if p.Until.IsZero() {
		return ""
	}
	return " until " + minute(p.Until)
}
