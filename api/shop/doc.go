// Package shop is the storefront of Riverbend Resale, the sample shop that sells
// second-hand fishing gear: gorilla/mux handlers, server-rendered pages, one
// stylesheet, drawn pictures, a cart in a cookie.
//
// The handlers know one thing about orders, the Orders interface. In the legacy
// process that is api/shop/fulfilment, which writes straight into the shop's SQL
// database; behind Lambda it is intake, which queues. The same lines run in
// both, and a shopper cannot tell which answered:
//
//	checkout: read and validate → price → Orders.Accept → 202 | 303
//
// Every page works without script and is JSON where a client prefers it
// (Accept: application/json). Everything needed is embedded; nothing is asked of
// a third party. Refusals are answered from one table, see problem.go.
package shop
