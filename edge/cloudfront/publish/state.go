package publish

// State is what a store holds.
type State struct {
	Store string            `json:"store"` // its ARN
	ETag  string            `json:"etag"`  // changes with any write, whoever makes it
	Items map[string]string `json:"items"` // without the mark
	Mark  Mark              `json:"mark"`

	// Spoiled says why the mark cannot be read, where it cannot.
	Spoiled string `json:"-"`
}

// stateOf makes a State of all items of a store.
func stateOf(store, etag string, all map[string]string) State {
	s := State{Store: store, ETag: etag, Items: all}
	if text, ok := all[MarkKey]; ok {
		delete(all, MarkKey)
		mark, err := readMark(text)
		s.Mark = mark
		if err != nil {
			s.Spoiled = err.Error()
		}
	}
	return s
}

// cutShort reports whether a publish was begun and not ended.
func (s State) cutShort() bool { return s.Mark.Writing != nil }

// edited reports whether somebody else changed the items since the mark was
// written. Of a publish that was cut short it cannot be told.
func (s State) edited() bool {
	return s.Mark.Epoch > 0 && !s.cutShort() && hashItems(s.Items) != s.Mark.Hash
}

// take has a write in the state.
func (s *State) take(b batch, etag string) {
	s.ETag = etag
	for _, w := range b {
		switch {
		case w.mark != nil:
			s.Mark, s.Spoiled = *w.mark, ""
		case w.delete:
			delete(s.Items, w.key)
		default:
			s.Items[w.key] = w.value
		}
	}
}
