// Package faults holds no code but tests: what becomes of orders while
// everything that they pass through fails.
//
//	shoppers ─▶ banyan up ─▶ toxiproxy ─▶ PostgreSQL, its tables on a small disk
//	               └─▶ banyan legacy ─────────┘
//
// All are real processes on loopback. Shoppers send every order three times at
// once and ask until they have an answer, while two lanes of faults run beside
// each other: one kills Banyan and the shop, the other breaks the database. An
// auditor asks for the ledger once a second. In the end what shoppers were told
// is held against the rows in the legacy database: none lost, none doubled,
// none oversold.
//
// The short form runs with all tests; BANYAN_FAULT_ORDERS=100000 makes it long.
package faults
