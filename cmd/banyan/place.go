package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Place is where things are, for every command: the data folder, the
// configuration, and through the data folder the running process.
type Place struct {
	Data   string `help:"Folder of the orders, the journal and the demo's files (default: ./data)." default:"data" type:"path" placeholder:"DIR"`
	Config string `help:"The banyan.yaml to use (default: the one of the running process, ./banyan.yaml, or DATA/banyan.yaml)." type:"path" placeholder:"FILE"`
	JSON   bool   `help:"Print data as JSON." name:"json"`

	store *storeChoice // of the commands that can look after orders on AWS
}

// The files in the data folder.
const (
	configName   = "banyan.yaml"
	productsName = "products.yaml"
	intakeName   = "intake.db"
	runningName  = "running.json"
	logName      = "banyan.log"
)

func (p Place) file(name string) string { return filepath.Join(p.Data, name) }

// running is what a running "banyan up" says of itself in the data folder.
type running struct {
	PID        int       `json:"pid"`
	Storefront string    `json:"storefront"`
	Console    string    `json:"console"`
	Legacy     string    `json:"legacy"`
	Config     string    `json:"config"`
	Started    time.Time `json:"started"`
}

// running reads what the process on this data folder left there; ok says that
// it answers.
func (p Place) running(ctx context.Context) (r running, ok bool) {
	text, err := os.ReadFile(p.file(runningName))
	if err != nil || json.Unmarshal(text, &r) != nil {
		return running{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Console+"/healthz", nil)
	if err != nil {
		return r, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, false
	}
	resp.Body.Close()
	return r, resp.StatusCode == http.StatusOK
}

// announce writes running.json for the other commands.
func (p Place) announce(r running) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	tmp := p.file(runningName + ".new")
	if err := os.WriteFile(tmp, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("announce the running process: %w", err)
	}
	return os.Rename(tmp, p.file(runningName))
}

// find returns the configuration file in force: the one asked for, the running
// process's, the working folder's, or the data folder's.
func (p Place) find() (string, error) {
	if p.Config != "" {
		return p.Config, exists(p.Config)
	}
	var r running
	if text, err := os.ReadFile(p.file(runningName)); err == nil && json.Unmarshal(text, &r) == nil && exists(r.Config) == nil {
		return r.Config, nil
	}
	for _, candidate := range []string{configName, p.file(configName)} {
		if exists(candidate) == nil {
			return filepath.Abs(candidate)
		}
	}
	return "", withHint(fmt.Errorf("no %s here and none in %s", configName, p.Data),
		`run "banyan init" to write one, or name one with --config or the data folder of a running process with --data`)
}

func exists(file string) error {
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return withHint(fmt.Errorf("there is no file %s", file), `"banyan init" writes one`)
	}
	return err
}

// consoleJSON asks the running process's console and decodes its answer.
func (r running) consoleJSON(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Console+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running process: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return errNotThere
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the running process for %s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

var errNotThere = errors.New("not there")
