package rig

// Way is how shoppers reach the shop.
type Way string

// The ways.
const (
	Straight  Way = "straight"   // no Banyan
	AllLegacy Way = "all-legacy" // Banyan in front, everything sent to legacy
	Flipped   Way = "flipped"    // the hot product and the checkout on the serverless path
	Backlog   Way = "backlog"    // flipped, with the relay held back until it is released
	Elsewhere Way = "target"     // a storefront that was there already
)

// Title says the way to somebody who has never heard of Banyan.
func (w Way) Title() string {
	switch w {
	case Straight:
		return "The shop alone"
	case AllLegacy:
		return "Banyan in front, all legacy"
	case Flipped:
		return "Banyan, flipped"
	case Backlog:
		return "A queue that piled up"
	}
	return "The storefront"
}

// Split is who may hold how many of the database's connections.
type Split struct {
	Shop  int `json:"shop"`
	Relay int `json:"relay"` // Banyan's budget
	Watch int `json:"watch"` // the one that counts orders for the report
}

// Sum is all of them.
func (s Split) Sum() int { return s.Shop + s.Relay + s.Watch }

// relayShare is the part of the connections that the shop gives to the relay:
// a fifth, of 25 five. Pages and orders that still come straight have the rest.
const relayShare = 5

// MinConnections is how few can be shared: one each.
const MinConnections = 3

// split shares the connections of the database.
func split(connections int, w Way) Split {
	s := Split{Watch: 1}
	if w != Straight {
		s.Relay = max(1, connections/relayShare)
	}
	s.Shop = connections - s.Relay - s.Watch
	return s
}
