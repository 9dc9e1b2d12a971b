// Package rewrite keeps the address that an origin knows itself by from the
// shopper: in the header fields that point somewhere, it puts the storefront's
// address where a declared origin's stands.
//
//	Location, Content-Location, Link, Refresh   http://old.internal:9000/cart → https://shop.example.com/cart
//	Set-Cookie                                  Domain=old.internal is left out: the cookie is the storefront's own
//
// Nothing is followed and no body is changed. What does not point at a declared
// origin stays as it is, byte for byte, and costs no allocation. A name in a body
// is only counted, by a Scanner, for somebody to mend at its source.
package rewrite
