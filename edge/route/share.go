package route

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Share is the part of the shoppers that go to the serverless arm, in
// hundredths of a percent: 2500 is 25%.
type Share uint16

// Everyone is the share of a product that has none set.
const Everyone Share = 10_000

// ErrShare: the text is not a share.
var ErrShare = errors.New("a share is a percentage from 0% to 100%, with at most two decimals")

// ParseShare reads "25%" or "0.25%".
func ParseShare(text string) (Share, error) {
	number, ok := strings.CutSuffix(text, "%")
	whole, decimals, point := strings.Cut(number, ".")
	if !ok || !digits(whole, 3) || point && !digits(decimals, 2) {
		return 0, fmt.Errorf("%w, not %q", ErrShare, text)
	}
	hundredths, err := strconv.Atoi(whole + (decimals + "00")[:2])
	if err != nil || hundredths > int(Everyone) {
		return 0, fmt.Errorf("%w, not %q", ErrShare, text)
	}
	return Share(hundredths), nil
}

// digits reports whether text is one to most decimal digits.
func digits(text string, most int) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= most
}

// String returns the share as a percentage, as ParseShare reads it.
func (s Share) String() string {
	text := fmt.Sprintf("%d.%02d", s/100, s%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + "%"
}

// MarshalText writes the share as a percentage.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a percentage.
func (s *Share) UnmarshalText(text []byte) (err error) {
	*s, err = ParseShare(string(text))
	return err
}
