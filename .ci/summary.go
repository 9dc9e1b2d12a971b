//go:build ignore

// Command summary reads "go test -json" and writes what a reader needs: a line
// for each package, everything that a failed package said, and at the end each
// test that was skipped, with its reason, so that nothing is left out unseen.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// event is one line of "go test -json" (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of what does not build
	Elapsed                       float64
}

// logged is a line that a test wrote, after where it did.
var logged = regexp.MustCompile(`^\s*\S+\.go:\d+: (.*)`)

func main() {
	said := map[string]*strings.Builder{} // by package
	reason := map[string]string{}         // the last line that a test logged
	var skipped []string
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		test := e.Package + " " + e.Test
		switch e.Action {
		case "build-output":
			fmt.Print(e.Output)
		case "output":
			if said[e.Package] == nil {
				said[e.Package] = &strings.Builder{}
			}
			said[e.Package].WriteString(e.Output)
			if m := logged.FindStringSubmatch(strings.TrimRight(e.Output, "\n")); m != nil {
				reason[test] = m[1]
			}
		case "skip":
			if e.Test != "" {
				skipped = append(skipped, e.Test+": "+reason[test])
			}
		}
		if e.Test != "" || e.Action != "pass" && e.Action != "fail" {
			continue
		}
		if text := said[e.Package]; e.Action == "fail" && text != nil {
			fmt.Print(text)
		}
		fmt.Printf("%-4s  %s  %.1fs\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package, e.Elapsed)
		delete(said, e.Package)
	}
	if len(skipped) > 0 {
		fmt.Printf("skipped:\n  %s\n", strings.Join(skipped, "\n  "))
	}
}
