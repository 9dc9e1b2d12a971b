package legacydb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

var catalogueSchema = []string{
	`CREATE TABLE offers (id INTEGER PRIMARY KEY, number VARCHAR(40) NOT NULL UNIQUE, email TEXT, title VARCHAR(40) NOT NULL CHECK (title <> 'forbidden'),
		about TEXT, price BIGINT, pictures BIGINT)`,
	`CREATE TABLE offer_pictures (number VARCHAR(40) NOT NULL, position INTEGER NOT NULL, path VARCHAR(200) NOT NULL, PRIMARY KEY (number, position))`,
}

// withCatalogue is the shop with a catalogue beside it, and the mapping of both.
func (s *legacyShop) withCatalogue() legacydb.Config {
	id := "id INTEGER PRIMARY KEY"
	for kind, better := range map[string]string{"postgres": "id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "mysql": "id INTEGER AUTO_INCREMENT PRIMARY KEY"} {
		if strings.HasPrefix(s.database, kind) {
			id = better
		}
	}
	for _, table := range catalogueSchema {
		s.must(strings.Replace(table, "id INTEGER PRIMARY KEY", id, 1))
	}
	c := shopMapping(s.database, 2)
	c.Listings = []legacydb.Statement{
		{As: "offer", SQL: `INSERT INTO offers (number, email, title, about, price, pictures)
			VALUES (:id, :seller.email, :title, :description, :price.amount, :pictures.count) RETURNING number`},
		{Each: legacydb.EachPicture, SQL: `INSERT INTO offer_pictures (number, position, path) VALUES (:offer.number, :picture.number, :picture.path)`},
	}
	return c
}

func (s *legacyShop) openWith(c legacydb.Config) *legacydb.DB {
	s.t.Helper()
	db, err := legacydb.Open(context.Background(), c, legacydb.Options{})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { db.Close() })
	return db
}

func offerOf(seller, title string) listing.Listing {
	return listing.Listing{
		ID: order.NewID(accepted), AcceptedAt: accepted, Seller: listing.Seller{Email: seller, Name: "Ann"}, Title: title,
		Description: "wicker\nwith a strap", Price: order.Money{Amount: 18900, Currency: "USD"}, Category: "tackle", Condition: "Good",
		Pictures: []listing.Picture{{Name: "a.jpg", Type: listing.JPEG, Bytes: 1}, {Name: "b.png", Type: listing.PNG, Bytes: 2}},
	}
}

func writeListings(t *testing.T, db *legacydb.DB, listings ...listing.Listing) (words []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, o := range db.WriteListings(ctx, listings) {
		words = append(words, o.Disposition.String())
	}
	return words
}

func TestWriteListings_EachIsInTheCatalogueOnce(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		db := s.openWith(s.withCatalogue())
		require.True(t, db.TakesListings())
		a, b := offerOf("ann@example.com", "creel"), offerOf("bob@example.com", "rod")
		require.Equal(t, []string{"written", "written", "duplicate"}, writeListings(t, db, a, b, a))
		require.Equal(t, []string{"duplicate", "duplicate"}, writeListings(t, db, b, a))
		require.Equal(t, 2, s.number("SELECT count(*) FROM offers"))
		require.Equal(t, 4, s.number("SELECT count(*) FROM offer_pictures"))
		require.Equal(t, 1, s.number("SELECT count(*) FROM offer_pictures WHERE path = '"+listing.PicturePath(a.ID, "2")+"' AND position = 2"))
		require.Equal(t, 2, s.number("SELECT count(*) FROM offers WHERE price = 18900 AND pictures = 2"))
		require.Equal(t, 2, s.number("SELECT count(*) FROM banyan_ledger"))
	})
}

func TestWriteListings_OneBadListingLeavesTheOthersAlone(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		db := s.openWith(s.withCatalogue())
		bad := offerOf("bob@example.com", "forbidden")
		all := []listing.Listing{offerOf("ann@example.com", "creel"), bad, offerOf("bob@example.com", "reel")}
		require.Equal(t, []string{"written", "rejected", "written"}, writeListings(t, db, all...))
		require.Equal(t, 2, s.number("SELECT count(*) FROM offers"))
		require.Equal(t, 2, s.number("SELECT count(*) FROM banyan_ledger"))
		bad.Title = "mended"
		require.Equal(t, []string{"written"}, writeListings(t, db, bad))
	})
}

func TestWriteListings_ListingsAreNoOrders(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		db := s.openWith(s.withCatalogue())
		s.stocked("rod", 5)
		l, o := offerOf("ann@example.com", "creel"), buy("ann@example.com", "rod")
		l.ID = o.ID // even then
		require.Equal(t, []string{"written"}, writeListings(t, db, l))
		require.Equal(t, []string{"written"}, write(t, db, o))
		require.Equal(t, 1, s.number("SELECT count(*) FROM orders"))
		n, err := db.Count(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		other := offerOf("ann@example.com", "reel")
		require.Equal(t, []string{"written"}, writeListings(t, db, other))
		has, err := db.Has(t.Context(), []string{other.ID})
		require.NoError(t, err)
		require.False(t, has[other.ID], "no order has this id")
	})
}

func TestCheck_PreparesTheStatementsOfListingsToo(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		c := s.withCatalogue()
		require.Empty(t, s.openWith(c).Check(t.Context()))
		c.Listings[1].SQL = strings.Replace(c.Listings[1].SQL, "offer_pictures", "nowhere", 1)
		problems := s.openWith(c).Check(t.Context())
		require.Len(t, problems, 1)
		require.Contains(t, problems[0].String(), "legacy.listings statement 2: ")
	})
}

func TestParseConfig_ReadsTheStatementsOfListings(t *testing.T) {
	const section = "database: sqlite:a\nlistings:\n  - sql: INSERT INTO offers (number) VALUES (:id)\n  - sql: INSERT INTO p (path) VALUES (:picture.path)\n    each: pictures\n"
	c, err := parse(t, section)
	require.NoError(t, err)
	require.Len(t, c.Listings, 2)
	require.Equal(t, legacydb.EachPicture, c.Listings[1].Each)
	for name, wrong := range map[string]struct{ from, to, says string }{
		"an order's field":  {":id", ":total.amount", "unknown placeholder"},
		"an order's list":   {"each: pictures", "each: lines", "each can only be pictures"},
		"a picture for all": {"    each: pictures\n", "", "add each: pictures"},
		"a listing's name":  {"    each: pictures\n", "    each: pictures\n  - sql: SELECT 1 AS x\n    as: seller\n", "as cannot be the name of one of the listing's own fields"},
		"no list":           {"listings:", "listings: x\nwrite:", "legacy.listings must be a list of statements"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, strings.Replace(section, wrong.from, wrong.to, 1))
			require.ErrorContains(t, err, wrong.says)
		})
	}
	_, err = parse(t, "database: sqlite:a\nwrite:\n  - sql: INSERT INTO a (b) VALUES (:seller.email)\n")
	require.ErrorContains(t, err, "unknown placeholder", "an order has no seller")
}
