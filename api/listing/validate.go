package listing

import (
	"encoding/hex"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/banyan-edge/banyan/api/order"
)

// Validate checks every field that a seller sets and returns an
// *order.InvalidError that lists all that is wrong, or nil.
func (l Listing) Validate() error {
	var v validator
	if v.text("seller.email", l.Seller.Email, MaxEmailBytes, "") {
		if a, err := mail.ParseAddress(l.Seller.Email); err != nil || a.Address != l.Seller.Email {
			v.fault("seller.email", "is not an email address")
		}
	}
	v.text("seller.name", l.Seller.Name, MaxNameBytes, "")
	v.text("title", l.Title, MaxTitleBytes, "")
	v.text("description", l.Description, MaxDescriptionBytes, "\n\r\t")
	v.text("category", l.Category, MaxCategoryBytes, "")
	v.text("condition", l.Condition, MaxConditionBytes, "")
	v.price(l.Price)
	v.pictures(l.Pictures)
	if len(v.faults) > 0 {
		return &order.InvalidError{Fields: v.faults}
	}
	return nil
}

type validator struct{ faults []order.FieldError }

func (v *validator) fault(field, detail string) {
	v.faults = append(v.faults, order.FieldError{Field: field, Detail: detail})
}

// text checks a field that must be there, fit, and be printable, but for the
// control characters that may be in it.
func (v *validator) text(field, value string, limit int, allowed string) bool {
	switch {
	case strings.TrimSpace(value) == "":
		v.fault(field, "is missing")
	case len(value) > limit:
		v.fault(field, fmt.Sprintf("is longer than %d bytes", limit))
	case !utf8.ValidString(value):
		v.fault(field, "is not valid UTF-8")
	case strings.ContainsFunc(value, func(r rune) bool { return control(r) && !strings.ContainsRune(allowed, r) }):
		v.fault(field, "holds a control character")
	default:
		return true
	}
	return false
}

// control reports whether r is a control character or turns the direction of
// the text around it, by which a name can be made to look like another.
func control(r rune) bool {
	return r < 0x20 || 0x7f <= r && r < 0xa0 || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

func (v *validator) price(m order.Money) {
	switch {
	case m.Amount < 1:
		v.fault("price.amount", "is below 1")
	case m.Amount > MaxPrice:
		v.fault("price.amount", fmt.Sprintf("is above %d", MaxPrice))
	}
	if len(m.Currency) != 3 || strings.ContainsFunc(m.Currency, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		v.fault("price.currency", "is not a currency of three capital letters, such as USD")
	}
}

func (v *validator) pictures(pictures []Picture) {
	if len(pictures) > MaxPictures {
		v.fault("pictures", fmt.Sprintf("has more than %d entries", MaxPictures))
		return
	}
	for i, p := range pictures {
		field := func(name string) string { return fmt.Sprintf("pictures[%d].%s", i, name) }
		if v.text(field("name"), p.Name, MaxPictureNameBytes, "") && (strings.ContainsAny(p.Name, `/\`) || strings.Trim(p.Name, ".") == "") {
			v.fault(field("name"), "is a path; send the name of the file alone")
		}
		if !slices.Contains(Types(), p.Type) {
			v.fault(field("type"), "is not one of "+strings.Join(Types(), ", "))
		}
		switch {
		case p.Bytes < 1:
			v.fault(field("bytes"), "is below 1")
		case p.Bytes > MaxPictureBytes:
			v.fault(field("bytes"), fmt.Sprintf("is above %d", MaxPictureBytes))
		}
		if sum, err := hex.DecodeString(p.SHA256); p.SHA256 != "" && (err != nil || len(sum) != 32 || strings.ToLower(p.SHA256) != p.SHA256) {
			v.fault(field("sha256"), "is not a SHA-256 in lower-case hexadecimal")
		}
	}
}
