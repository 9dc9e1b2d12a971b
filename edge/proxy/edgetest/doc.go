// Package edgetest holds an edge to what it promises, from the outside: a
// viewer that says the very bytes it is told on one socket, an origin that
// keeps the very bytes it got on another, and whatever serves a Proxy between
// them.
//
// It holds nothing but tests. Each runs over every engine of engines, so that
// the plain path and the fast one are held to the same. The attacks that were
// published against proxies and servers are rows of a table, each with its
// reference; each has to be refused, or to be forwarded so that it can be read
// in one way only. What an engine is known to do otherwise stands in knownFaults
// with its reason, and a test fails when such a fault is gone, so that the list
// shrinks.
package edgetest
