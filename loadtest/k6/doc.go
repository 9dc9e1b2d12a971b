// Package k6 plays scenarios of a sale against a whole shop of real processes on
// loopback, and afterwards looks up every accepted order in the legacy database.
//
//	NewShop, NewUp → a scenario's traffic, while legacy has its troubles
//	               → what shoppers were told → the legacy database → verdict
//
// The scenarios are the .js files beside this one: open-model scripts for k6,
// each with thresholds, which ops run against any storefront. "make loadtest"
// plays them all at full size and lets k6's thresholds and the truth decide. The
// tests play them small; where k6 was never built (make k6), the same traffic
// comes from the generator in loadtest/sale alone. Orders reach the truth check
// by notes that the scripts write to the console, before and after each attempt.
package k6
