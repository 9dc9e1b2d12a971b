// Package legacydb writes orders into any SQL schema, each exactly once. The
// schema is met by the write: mapping of banyan.yaml, named SQL statements, and
// not by code.
//
//	DB.Write → banyan_ledger row → the mapping's statements → one commit
//
// A batch of orders is one transaction, or none. The order id is the key of a
// row in banyan_ledger, written in that same transaction: an order whose row is
// there already is a duplicate and nothing else of it is run. One bad order
// costs the others of its batch nothing, and what is not certainly the order's
// own fault defers it instead of rejecting it.
//
// Sellers' listings are written likewise, by the listings: mapping
// (DB.WriteListings); their keys in banyan_ledger begin with listing-.
//
// SQLite, PostgreSQL and MariaDB (or MySQL) differ by one dialect, chosen in dialect.go. The
// guarantee and its tests are in ../DESIGN.md.
package legacydb
