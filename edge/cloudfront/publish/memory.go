package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
)

// Memory remembers what a store held when it was left. As long as the store has
// the same ETag it still holds that, and need not be listed.
type Memory interface {
	Recall(store string) (State, bool)
	Keep(State)
}

type forgetful struct{}

func (forgetful) Recall(string) (State, bool) { return State{}, false }
func (forgetful) Keep(State)                  {}

// FileMemory remembers one store in a file. It saves calls and holds nothing
// that is not in the store: a file that is lost or spoiled is a few calls more.
type FileMemory struct {
	Path   string
	Logger *slog.Logger // nil: nothing is logged
}

type memoryFile struct {
	Sum   string          `json:"sum"` // of State
	State json.RawMessage `json:"state"`
}

// Recall returns what this store held, if it is remembered.
func (m FileMemory) Recall(store string) (State, bool) {
	text, err := os.ReadFile(m.Path)
	var file memoryFile
	if err != nil || json.Unmarshal(text, &file) != nil || file.Sum != sumOf(file.State) {
		return State{}, false
	}
	var s State
	if json.Unmarshal(file.State, &s) != nil || s.Store != store || s.Items == nil {
		return State{}, false
	}
	return s, true
}

// Keep remembers s in the place of any other.
func (m FileMemory) Keep(s State) {
	if err := m.keep(s); err != nil && m.Logger != nil {
		m.Logger.Warn("what the store holds could not be remembered", "error", err)
	}
}

func (m FileMemory) keep(s State) error {
	state, err := json.Marshal(s)
	if err != nil {
		return err
	}
	text, err := json.Marshal(memoryFile{sumOf(state), state})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(m.Path), 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(m.Path), "."+filepath.Base(m.Path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), m.Path)
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
