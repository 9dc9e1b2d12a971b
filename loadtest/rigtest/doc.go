// Package rigtest runs a whole shop for tests and benchmarks, of real
// processes on loopback: PostgreSQL, the sample legacy shop, and "banyan up"
// in front of both.
//
//	NewPostgres → NewShop (schema, stock) → NewUp (banyan.yaml, edge, intake, relay)
//
// Every process keeps its addresses over a restart, can be killed as a power
// cut would, and ends with the test. Only what was started here is ever
// signalled, by its process id.
package rigtest
