// Package truth holds what shoppers were told against what is in the legacy
// database: nothing but its rows counts.
//
//	Open → Before → … the sale … → Check (afterwards) → Verdict
//
// Every accepted order must be there exactly once with its amounts and lines;
// stock must be what was there less what was sold, and never below zero; orders
// of one customer must be in the sequence in which they were placed; and there
// must be no order of which its shopper was told that there is none. An order
// whose shopper never got an answer is counted apart: nobody was told anything.
//
// It reads the tables of the sample shop: orders, order_items and stock.
package truth
