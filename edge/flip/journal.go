package flip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// journalFile is one JSON object a line, only ever appended to.
const journalFile = "history.jsonl"

// Entry is one change, as the journal keeps it.
type Entry struct {
	Epoch   uint64    `json:"epoch"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Why     string    `json:"why,omitempty"`
	What    string    `json:"what"`              // "muskie-casting-rod: legacy → serverless 25%"
	Product string    `json:"product,omitempty"` // where the change is one product's
	Hash    string    `json:"hash"`              // of both files after the change
	Kept    Kept      `json:"kept,omitzero"`     // where their texts are, for the way back
}

// record is a line of the journal. A change that Banyan makes has two lines:
// its entry, begun, before the file is touched, and its epoch, done or undone,
// after. A change that was found in the files has one, done.
type record struct {
	State state  `json:"state"`
	Epoch uint64 `json:"epoch"`
	*Entry
}

// state is how far a change has come.
type state string

const (
	begun  state = "begun"  // the file may or may not have been changed
	done   state = "done"   // it has been
	undone state = "undone" // it never was
)

// journal is what the end of the journal says.
type journal struct {
	path    string
	entries []Entry // that are done, oldest first
	pending *Entry  // begun by a process that did not live to end it
	epoch   uint64  // the highest that was ever given
	size    int64   // of the file
	torn    int64   // bytes at its end that are no whole line
	skipped int     // lines that are not JSON
}

// tailBytes is how much of the journal is read at first; a flip needs one entry.
const tailBytes = 16 << 10

// readJournal reads at least the last want entries of the journal in dir, or
// all where want is 0.
func readJournal(dir string, want int) (*journal, error) {
	j := &journal{path: filepath.Join(dir, journalFile)}
	f, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	for window := int64(tailBytes); ; window *= 4 {
		from := max(0, info.Size()-window)
		if want == 0 {
			from = 0
		}
		tail, err := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		*j = journal{path: j.path, size: from + int64(len(tail))}
		j.fold(tail, from > 0)
		if from == 0 || len(j.entries) >= want && j.epoch > 0 {
			return j, nil
		}
	}
}

// fold reads lines; where cut is set the first is the rest of one.
func (j *journal) fold(tail []byte, cut bool) {
	for line := range bytes.Lines(tail) {
		if cut {
			cut = false
			continue
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil || r.Epoch == 0 {
			if !bytes.HasSuffix(line, []byte("\n")) {
				j.torn = int64(len(line))
			} else if len(bytes.TrimSpace(line)) > 0 {
				j.skipped++
			}
			continue
		}
		j.take(r)
	}
}

func (j *journal) take(r record) {
	j.epoch = max(j.epoch, r.Epoch)
	if r.Entry != nil {
		r.Entry.Epoch = r.Epoch
	}
	ends := j.pending != nil && j.pending.Epoch == r.Epoch
	switch {
	case r.State == begun && r.Entry != nil:
		j.pending = r.Entry
	case r.State == done && r.Entry != nil:
		j.entries = append(j.entries, *r.Entry)
	case r.State == done && ends:
		j.entries = append(j.entries, *j.pending)
		j.pending = nil
	case r.State == undone && ends:
		j.pending = nil
	}
}

// resolve decides what became of a pending change: it was made exactly if the
// files are what it meant to make of them. The record that says so is returned
// for those who may write it.
func (j *journal) resolve(hash string) *record {
	if j.pending == nil {
		return nil
	}
	r := &record{State: undone, Epoch: j.pending.Epoch}
	if j.pending.Hash == hash {
		r.State = done
	}
	j.take(*r)
	return r
}

// last returns the last entry; its epoch is 0 where there is none.
func (j *journal) last() Entry {
	if len(j.entries) == 0 {
		return Entry{}
	}
	return j.entries[len(j.entries)-1]
}

// append writes records to the end of the journal and has them on disk when it
// returns. What a crash left of a line is cut off first.
func (j *journal) append(records ...record) error {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	defer f.Close()
	end, err := wholeLines(f, j.torn)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	for _, r := range records {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	if _, err := f.WriteAt(lines.Bytes(), end); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if j.size == 0 {
		if err := syncDir(filepath.Dir(j.path)); err != nil {
			return err
		}
	}
	j.size, j.torn = end+int64(lines.Len()), 0
	for _, r := range records {
		j.take(r)
	}
	return nil
}

// wholeLines drops a torn line and returns where the next line goes. A last
// line that lost nothing but its line break gets it back.
func wholeLines(f *os.File, torn int64) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	end := info.Size() - torn
	if err := f.Truncate(end); err != nil || end == 0 {
		return end, err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], end-1); err != nil {
		return 0, err
	}
	if last[0] != '\n' {
		_, err = f.WriteAt([]byte("\n"), end)
		end++
	}
	return end, err
}
