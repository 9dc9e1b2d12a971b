package flip

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// keptDir holds the text of both files at every epoch, each text under its
// hash. Most differ from the text before them in one place, and only that place
// is kept: a thousand flips of a file of five megabytes take a few more.
const keptDir = "epochs"

// keptDepth bounds how many differences lie between a text and one that is kept
// whole, and with it how much is read to have a text back.
const keptDepth = 64

// ErrNotKept: what the files were at this epoch is not there any more.
var ErrNotKept = errors.New("what the files were then was not kept")

// Kept names the texts of an epoch.
type Kept struct {
	Config   string `json:"config,omitempty"`
	Products string `json:"products,omitempty"`
}

// keptText is a text as it is on disk: whole and compressed, or what lies
// between the first Head and the last Tail bytes of its base.
type keptText struct {
	Base  string `json:"base,omitempty"` // empty: the text is whole
	Depth int    `json:"depth,omitempty"`
	Head  int    `json:"head,omitempty"`
	Tail  int    `json:"tail,omitempty"`
	Text  []byte `json:"text"`
}

// keep keeps both files under the names it returns; before are those of the
// last entry. A flip is worth more than the way back to it, so what cannot be
// kept is logged, and no more.
func (s *Store) keep(before Kept, c *content) Kept {
	config, err1 := s.keepText(c.config, before.Config)
	products, err2 := s.keepText(c.products, before.Products)
	if err := errors.Join(err1, err2); err != nil {
		s.log.Warn("what the files are could not be kept; this epoch cannot be restored", "error", err)
		return Kept{}
	}
	return Kept{Config: config, Products: products}
}

// keepText keeps a text, as a difference to base where that is much shorter.
func (s *Store) keepText(text []byte, base string) (name string, err error) {
	name = textName(text)
	if _, err := os.Stat(s.keptPath(name)); err == nil {
		return name, nil
	}
	kept, err := s.differenceTo(base, text)
	if err != nil {
		if kept, err = whole(text); err != nil {
			return "", fmt.Errorf("keep a text: %w", err)
		}
	}
	line, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("keep a text: %w", err)
	}
	if err := writeKept(s.keptPath(name), append(line, '\n')); err != nil {
		return "", fmt.Errorf("keep a text: %w", err)
	}
	return name, nil
}

// errLong: the text is better kept whole.
var errLong = errors.New("the difference is too long")

func (s *Store) differenceTo(base string, text []byte) (keptText, error) {
	before, err := s.keptRecord(base)
	if err != nil {
		return keptText{}, err
	}
	if before.Depth >= keptDepth {
		return keptText{}, errLong
	}
	old, err := s.textOf(base)
	if err != nil {
		return keptText{}, err
	}
	short := min(len(old), len(text))
	head, tail := 0, 0
	for head < short && old[head] == text[head] {
		head++
	}
	for tail < short-head && old[len(old)-1-tail] == text[len(text)-1-tail] {
		tail++
	}
	middle := text[head : len(text)-tail]
	if len(middle) > len(text)/4 {
		return keptText{}, errLong
	}
	return keptText{Base: base, Depth: before.Depth + 1, Head: head, Tail: tail, Text: middle}, nil
}

func whole(text []byte) (keptText, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	_, err := zip.Write(text)
	if err := errors.Join(err, zip.Close()); err != nil {
		return keptText{}, err
	}
	return keptText{Text: out.Bytes()}, nil
}

// textOf returns the text of this name. It is what was kept or an error: the
// name is its hash.
func (s *Store) textOf(name string) ([]byte, error) {
	var differences []keptText
	at := name
	for {
		r, err := s.keptRecord(at)
		if err != nil {
			return nil, err
		}
		if r.Base == "" {
			text, err := unzip(r.Text)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNotKept, err)
			}
			return rebuild(name, text, differences)
		}
		if len(differences) > keptDepth {
			return nil, fmt.Errorf("%w: the differences go round in a circle", ErrNotKept)
		}
		differences = append(differences, r)
		at = r.Base
	}
}

// rebuild applies differences, the last first.
func rebuild(name string, text []byte, differences []keptText) ([]byte, error) {
	for i := len(differences) - 1; i >= 0; i-- {
		d := differences[i]
		if d.Head < 0 || d.Tail < 0 || d.Head+d.Tail > len(text) {
			return nil, fmt.Errorf("%w: a difference does not fit its text", ErrNotKept)
		}
		next := make([]byte, 0, d.Head+len(d.Text)+d.Tail)
		next = append(append(append(next, text[:d.Head]...), d.Text...), text[len(text)-d.Tail:]...)
		text = next
	}
	if textName(text) != name {
		return nil, fmt.Errorf("%w: the text is not what it was", ErrNotKept)
	}
	return text, nil
}

func (s *Store) keptRecord(name string) (r keptText, err error) {
	if len(name) != textNameBytes {
		return r, ErrNotKept
	}
	line, err := os.ReadFile(s.keptPath(name))
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	return r, nil
}

func unzip(packed []byte) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zip)
}

// textNameBytes is the length of a text's name: 16 bytes in hexadecimal.
const textNameBytes = 32

func textName(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:textNameBytes/2])
}

func (s *Store) keptPath(name string) string {
	return filepath.Join(s.data, keptDir, name[:2], name+".json")
}

// writeKept writes a file that is whole or not there, durably.
func writeKept(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".kept.*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}
