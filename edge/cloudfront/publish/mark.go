package publish

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// MarkKey is where the store keeps the mark. No product's key holds this word
// and a slash, so the function never meets it.
const MarkKey = "banyan/published"

// Mark says what the store holds. The zero Mark is a store that Banyan has not
// published to.
type Mark struct {
	Epoch uint64    `json:"epoch"`
	Hash  string    `json:"hash"` // of the items
	At    time.Time `json:"at,omitzero"`
	Who   string    `json:"who,omitempty"`
	Why   string    `json:"why,omitempty"`
	Edge  Edge      `json:"edge,omitzero"` // what was deployed, as far as a publisher was told

	// Writing is the publish that is under way, or was cut short.
	Writing *Writing `json:"writing,omitempty"`
}

// Writing is a publish that takes more than one call.
type Writing struct {
	Epoch uint64    `json:"epoch"`
	Hash  string    `json:"hash"`
	At    time.Time `json:"at"`
	Who   string    `json:"who,omitempty"`
}

// Newest returns the greatest epoch that the store has anything of.
func (m Mark) Newest() (epoch uint64, hash string) {
	if m.Writing != nil && m.Writing.Epoch >= m.Epoch {
		return m.Writing.Epoch, m.Writing.Hash
	}
	return m.Epoch, m.Hash
}

// encode writes the mark as its item's value, within ValueBytes. Where it is too
// long, which takes odd letters or another hand, it says only what it must.
func (m Mark) encode() string {
	m.Who, m.Why = shorten(m.Who, whoBytes), shorten(m.Why, whyBytes)
	if m.Writing != nil {
		w := *m.Writing
		w.Who = shorten(w.Who, whoBytes)
		m.Writing = &w
	}
	text := m.json()
	if len(text) > ValueBytes {
		m.Who, m.Why, m.Edge = "", "", Edge{}
		text = m.json()
	}
	return text
}

func (m Mark) json() string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings, numbers and times: it cannot happen
	}
	return string(text)
}

// readMark reads the item's value.
func readMark(text string) (Mark, error) {
	var m Mark
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return Mark{}, fmt.Errorf("the item %s is not what Banyan writes: %w", MarkKey, err)
	}
	return m, nil
}

// shorten cuts a text to at most n bytes, between letters.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n-len("…")], "") + "…"
}

// Describes reports whether the mark is of this table, done.
func (m Mark) Describes(w Wanted) bool {
	return m.Epoch == w.Epoch && m.Hash == hashItems(w.Items)
}
