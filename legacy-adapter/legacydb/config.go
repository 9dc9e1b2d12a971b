package legacydb

// DefaultConnections is the budget where banyan.yaml names none.
const DefaultConnections = 25

// Config is the legacy section of banyan.yaml.
type Config struct {
	Database    string      // sqlite:path, postgres://… or mysql://…
	Connections int         // never more are open at once, all uses included; zero: DefaultConnections
	FixedBudget bool        // adapt: false, legacy always gets Connections; else slow answers have it get fewer
	Write       []Statement // how an order becomes rows; none: legacy is only asked, and takes no orders this way
	Listings    []Statement // how a seller's listing becomes rows of the catalogue; none: listings wait
	Stock       string      // a query that returns sku and on_hand; empty: legacy is not asked for stock

	File string // the name that problems give
	Line int    // of the section
}

// Statement is one SQL statement of a mapping, with :placeholders for the fields
// of the order, or of the listing.
type Statement struct {
	SQL  string // one statement
	As   string // the name under which later statements see the row that this one returns
	Each string // EachLine: once an order line; EachPicture: once a picture of a listing; empty: once
	Rows *int   // how many rows it has to change or return; nil: any number
	Else string // the cause, in a word, with which the order is rejected where it does not

	Line int // in the file
}

// The lists that a statement can be repeated for: EachLine for those of
// legacy.write, EachPicture for those of legacy.listings.
const (
	EachLine    = "lines"
	EachPicture = "pictures"
)
