package cloudfront

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/banyan-edge/banyan/edge/route"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compiles the tables of testdata/*.txtar. Each archive has the two
// files a user writes and requests, and then what comes of them: items,
// behaviours, notes, and the decisions, which table and function share. Or the
// error.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, archives)
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			files := make(map[string]string)
			got := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
				switch f.Name {
				case "banyan.yaml", "products.yaml", "options.json", "requests":
					got.Files = append(got.Files, f)
				}
			}
			for _, f := range compiled(t, files) {
				if len(f.Data) > 0 {
					got.Files = append(got.Files, f)
				}
			}
			requireGolden(t, name, string(txtar.Format(got)))
		})
	}
}

// requireGolden compares a text with a file, or with -update writes it.
func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if this is as it should be: go test ./edge/cloudfront -update")
}

// compiled returns what comes of a table.
func compiled(t *testing.T, files map[string]string) []txtar.File {
	table := shopTable(t, files["banyan.yaml"], files["products.yaml"])
	var o Options
	if text := files["options.json"]; text != "" {
		require.NoError(t, json.Unmarshal([]byte(text), &o))
	}
	a, err := Compile(table, o)
	if err != nil {
		require.ErrorIs(t, err, ErrLimit)
		return []txtar.File{{Name: "error", Data: []byte(err.Error() + "\n")}}
	}
	var items, behaviors, decisions strings.Builder
	for _, i := range a.Items {
		fmt.Fprintf(&items, "%s\n\t%s\n", i.Key, i.Value)
	}
	for _, b := range a.Behaviors {
		fmt.Fprintf(&behaviors, "%s\t%s\troutes %v products %v\n", b.PathPattern, b.Arm, b.Routes, b.Products)
	}
	e := newEngine(t, string(a.Function))
	e.load(a.Items)
	var requests []route.Request
	for line := range strings.Lines(files["requests"]) {
		r := readRequest(t, strings.TrimSpace(line))
		requests = append(requests, r)
		got := e.ask(t, r)
		if o.ServerlessHost == "" && !o.NoFallBack {
			requireEqual(t, table, r, got)
		}
		decisions.WriteString(strings.TrimSpace(line) + "\n\t" + got.words(table) + "\n")
	}
	return []txtar.File{
		{Name: "items", Data: []byte(items.String())},
		{Name: "behaviors", Data: []byte(behaviors.String())},
		{Name: "notes", Data: []byte(lines(a.Notes))},
		{Name: "decisions", Data: []byte(decisions.String())},
	}
}

func lines(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return strings.Join(texts, "\n") + "\n"
}

// readRequest reads "GET /path visitor=ann agent=curl at=2026-11-27T08:00:00Z".
func readRequest(t *testing.T, line string) route.Request {
	words := strings.Fields(line)
	require.GreaterOrEqual(t, len(words), 2, line)
	r := route.Request{Method: words[0], Path: words[1], Address: "192.0.2.1", Now: noon}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "visitor":
			r.Visitor = value
		case "agent":
			r.UserAgent = value
		case "at":
			at, err := time.Parse(time.RFC3339, value)
			require.NoError(t, err)
			r.Now = at
		default:
			require.Fail(t, "a request has visitor, agent and at", line)
		}
	}
	return r
}

// words says an outcome on one line.
func (o outcome) words(table *route.Table) string {
	text := fmt.Sprintf("%s, %s", o.Arm, o.Reason)
	switch {
	case o.Reason == route.RouteMatched.String():
		var i int
		fmt.Sscan(o.Rule, &i)
		text += " " + table.Config().Routes[i].Name
	case o.Rule != "":
		text += " " + o.Rule
	}
	if o.Visitor != "" {
		text += ", visitor " + o.Visitor
	}
	if o.Derived {
		text += " (derived)"
	}
	if o.Origin != "" {
		text += ", origin " + o.Origin
	}
	return fmt.Sprintf("%s, %d look-ups", text, o.Gets)
}
