// Package rig puts up the storefront that a sale is rehearsed on: processes of
// this very program on loopback, in a folder of their own.
//
//	Straight:           shoppers → the sample legacy shop → its database
//	AllLegacy, Flipped: shoppers → Banyan → the shop → its database
//	                                  └──── relay ─────────┘
//
// Everything that holds a connection to the database (the shop, the relay, and
// the one that counts its orders) shares one number of them, and how many are
// really held is counted from outside. Only processes that were started here are
// ever signalled, by their id.
package rig
