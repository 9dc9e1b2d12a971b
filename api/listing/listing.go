// Package listing is what a seller offers to the shop: its types, what makes one
// valid, its wire form, its limits, its states, and what becomes of its pictures.
// Like package order it is pure: no clock, no network, no store. It shares the
// order's words for money, refusals, idempotency keys and states, and nothing
// else of ours.
//
// The way of a listing is
//
//	ParseJSON | ParseForm → Accept (202, upload addresses) → queued → written
//	                           └─ pictures: waiting → complete | refused
//
// The two run apart: a listing is written to the legacy catalogue as soon as
// legacy takes it, and each picture can be seen from when it was checked.
package listing

import (
	"strconv"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Listing is an item that a seller offers. The first group of fields is the
// seller's, the second is set by intake when it accepts the listing.
type Listing struct {
	Seller      Seller      `json:"seller"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Price       order.Money `json:"price"`
	Category    string      `json:"category"`
	Condition   string      `json:"condition"`
	Pictures    []Picture   `json:"pictures"`

	ID         string    `json:"id"`
	Key        string    `json:"key,omitempty"` // the Idempotency-Key as the client sent it; empty where it sent none
	AcceptedAt time.Time `json:"accepted_at"`
	Trace      string    `json:"trace,omitempty"` // W3C traceparent of the request that offered it
	Epoch      uint64    `json:"epoch,omitempty"` // the table's epoch that routed that request

	// Session tells one browser from another, for forms that send no key. It
	// never travels with the listing.
	Session string `json:"-"`
}

// Seller is who offers it.
type Seller struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

// Picture is a file that the seller is going to upload. Nothing of it is
// believed: size, type and checksum are what the upload is held against.
type Picture struct {
	Name   string `json:"name"` // a label for people; never part of a path
	Type   string `json:"type"` // one of Types
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"` // lower-case hexadecimal
}

// PictureID names a listing's n-th picture, counted from nought. It is the only
// name of a picture that paths are made of.
func PictureID(n int) string { return strconv.Itoa(n + 1) }

// Picture returns the picture with this id, and false where the listing has none.
func (l Listing) Picture(id string) (Picture, bool) {
	n, ok := pictureNumber(id)
	if !ok || n >= len(l.Pictures) {
		return Picture{}, false
	}
	return l.Pictures[n], true
}

// ValidPictureID reports whether id is one that PictureID makes.
func ValidPictureID(id string) bool {
	_, ok := pictureNumber(id)
	return ok
}

func pictureNumber(id string) (int, bool) {
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > MaxPictures || strconv.Itoa(n) != id {
		return 0, false
	}
	return n - 1, true
}

// Envelope is the listing as the relay carries it: an order's outside, with
// nothing in it but who sent it and when. Whoever writes it looks the listing up
// by its id.
func (l Listing) Envelope() order.Order {
	return order.Order{
		ID: l.ID, AcceptedAt: l.AcceptedAt, Trace: l.Trace, Epoch: l.Epoch,
		Customer: order.Customer{Email: l.Seller.Email},
	}
}

// OrderingKey names the listings that must reach legacy in the order they were
// accepted: those of one seller.
func (l Listing) OrderingKey() string { return strings.ToLower(strings.TrimSpace(l.Seller.Email)) }

// Path is where the listing's page is.
func Path(id string) string { return "/resale/listings/" + id }

// PicturePath is where a checked picture can be seen.
func PicturePath(id, picture string) string { return Path(id) + "/pictures/" + picture }

// Record is a listing as a store knows it: the listing and what became of it.
type Record struct {
	Listing
	State     order.State `json:"state"`
	Cause     string      `json:"cause,omitempty"`    // why legacy refused it, in words
	Attempts  int         `json:"attempts,omitempty"` // deliveries to legacy so far
	WrittenAt time.Time   `json:"written_at,omitzero"`
}

// Dead reports whether the listing cannot be written until someone mends it.
func (r Record) Dead() bool { return r.State == order.Accepted && r.Cause != "" }

// Receipt is the answer to an accepted listing: the listing as it was accepted
// first, so that its upload addresses can be made, and made again.
type Receipt struct {
	Listing  Listing
	Replayed bool // the first answer given again to a repeated key
}
