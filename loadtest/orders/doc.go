// Package orders holds no code but measurements: how fast orders are accepted
// and how fast they are written into PostgreSQL, beside what a shop would have
// without Banyan.
//
//	accept: banyan up, over HTTP | the sample shop on PostgreSQL, over HTTP
//	        intake, as a library | River's Insert, as a library
//	drain:  Banyan's relay | River's workers | pgbench, an order a transaction
//
// All contenders run in one run and take turns, on one machine, each with 25
// connections to a PostgreSQL as it comes, fsync included. Figures are printed
// as benchmark lines as they are taken, and as medians with ratios in the end.
//
// With all tests a miniature runs, to see that it still does;
// BANYAN_BENCH_ROUNDS=3 takes the figures.
package orders
