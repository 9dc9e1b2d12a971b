package legacydb

import (
	"context"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// listingPrefix begins the keys of listings in banyan_ledger, so that they are
// neither counted nor taken for orders.
const listingPrefix = "listing-"

// TakesListings reports whether the configuration says how a listing becomes
// rows.
func (db *DB) TakesListings() bool { return len(db.listed.statements) > 0 }

// WriteListings writes listings into legacy's catalogue as Write writes orders:
// in one transaction where nothing is wrong with any of them, each together with
// its row in banyan_ledger, so that a second delivery changes nothing. It returns
// one outcome per listing.
func (db *DB) WriteListings(ctx context.Context, listings []listing.Listing) []Outcome {
	ids := make([]string, len(listings))
	seen := make(map[string]bool, len(listings)) // a listing may be there twice, redelivered
	var single []listing.Listing
	var envelopes []order.Order
	for i, l := range listings {
		envelope := l.Envelope()
		envelope.ID = listingPrefix + l.ID
		if ids[i] = envelope.ID; !seen[envelope.ID] {
			seen[envelope.ID] = true
			single, envelopes = append(single, l), append(envelopes, envelope)
		}
	}
	b := newBatch(db.listed, envelopes, db.now())
	b.listings = single
	if len(single) > 0 {
		db.dialect.write(ctx, b)
	}
	return b.outcomesOf(ids)
}

// listingWords are the placeholders of legacy.listings. A picture's path is where
// the storefront shows it once it was checked; until then it answers 404.
var listingWords = vocabulary{
	mapping: "listings", subject: "listing", list: EachPicture, item: "picture",
	fields: map[string]func(subject) any{
		"id":             func(s subject) any { return s.listing.ID },
		"key":            func(s subject) any { return orNull(s.listing.Key) },
		"path":           func(s subject) any { return listing.Path(s.listing.ID) },
		"seller.email":   func(s subject) any { return orNull(s.listing.Seller.Email) },
		"seller.name":    func(s subject) any { return orNull(s.listing.Seller.Name) },
		"title":          func(s subject) any { return orNull(s.listing.Title) },
		"description":    func(s subject) any { return orNull(s.listing.Description) },
		"category":       func(s subject) any { return orNull(s.listing.Category) },
		"condition":      func(s subject) any { return orNull(s.listing.Condition) },
		"price.amount":   func(s subject) any { return s.listing.Price.Amount },
		"price.currency": func(s subject) any { return orNull(s.listing.Price.Currency) },
		"pictures.count": func(s subject) any { return int64(len(s.listing.Pictures)) },
		"accepted_at":    func(s subject) any { return s.listing.AcceptedAt.UTC() },
		"trace":          func(s subject) any { return orNull(s.listing.Trace) },
	},
	items: map[string]func(subject, int) any{
		"picture.number": func(_ subject, i int) any { return int64(i + 1) },
		"picture.id":     func(_ subject, i int) any { return listing.PictureID(i) },
		"picture.name":   func(s subject, i int) any { return orNull(s.listing.Pictures[i].Name) },
		"picture.type":   func(s subject, i int) any { return orNull(s.listing.Pictures[i].Type) },
		"picture.bytes":  func(s subject, i int) any { return s.listing.Pictures[i].Bytes },
		"picture.path":   func(s subject, i int) any { return listing.PicturePath(s.listing.ID, listing.PictureID(i)) },
	},
	count: func(s subject) int { return len(s.listing.Pictures) },
	reserved: []string{"id", "key", "path", "seller", "title", "description", "category", "condition", "price",
		"pictures", "accepted_at", "trace", "picture"},
	behind: "an earlier listing of this seller has to be written first",
}
