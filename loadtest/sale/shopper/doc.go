// Package shopper is the people of a rehearsed sale: some look at other
// products all the time, and when the sale begins a crowd wants one product.
//
//	look at the product → press the button (some twice) → an answer, or none
//	                    → some who got none press again, with the same key
//
// Every order that was tried is noted with what its shopper was told, so that
// the legacy database can be held against it afterwards. The token of its
// payment names the attempt, and is found again in legacy's own row.
package shopper
