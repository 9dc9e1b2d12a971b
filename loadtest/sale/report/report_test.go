package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	"github.com/banyan-edge/banyan/loadtest/sale/report"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// run is one of which the shop took some of 3,000 orders.
func run(w rig.Way, taken int64, p99 float64) *rehearsal.Run {
	r := &rehearsal.Run{
		Way: w, Title: w.Title(), Split: rig.Split{Shop: 19, Relay: 5, Watch: 1}, Tried: 3000, Accepted: taken, MostHeld: 25,
		Verdict: &truth.Verdict{Clean: true, Accepted: taken, Found: taken, Rows: taken, Units: 2 * taken, Pairs: 7},
		Tallies: map[string]map[sale.Phase]sale.Tally{
			shopper.Checkout: {sale.During: {Outcomes: map[sale.Outcome]int64{sale.Done: taken, sale.TimedOut: 3000 - taken},
				Errors: map[string]int64{"no answer in time": 3000 - taken}, P50: p99 / 4, P99: p99, P999: 2 * p99, Max: 3 * p99}},
			shopper.Browse: {
				sale.Before: {Outcomes: map[sale.Outcome]int64{sale.Done: 500}, P50: 1, P99: 4, P999: 5, Max: 6},
				sale.During: {Outcomes: map[sale.Outcome]int64{sale.Done: 500}, P50: 1, P99: p99 / 10, P999: p99, Max: p99},
			},
		},
		Seconds: map[string][]sale.Second{shopper.Browse: {{Due: 10, Good: 10, P99: 4}, {Due: 10, Good: 10, P99: p99 / 10}}, shopper.Checkout: {{Due: 5, Good: 5}, {Due: 300, Good: 100, Bad: 200}}},
		Series:  []rehearsal.Point{{At: 0, Held: 2}, {At: 10, Tried: 3000, Accepted: taken, Written: taken, Held: 25}},
	}
	if w == rig.Flipped || w == rig.Backlog {
		r.Ours, r.Others = 0.6, 1.5
		r.Deepest, r.EmptyAt, r.DrainRate, r.Released = 2250, 40, 240, 8
		r.Ledger = &rig.Ledger{Accepted: taken, Written: taken, Balanced: true}
	}
	return r
}

func rehearsed() *report.Report {
	r := &report.Report{
		Version: report.Version, Began: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), Took: 4 * time.Minute, Command: "banyan sale <&>", Product: "a-rod",
		Plan:    rehearsal.Plan{Rate: 10, Spike: 300, Browse: 100, Lead: 10 * time.Second, For: 30 * time.Second, Tail: 5 * time.Second, Patience: 10 * time.Second, Habits: shopper.Usual},
		Setup:   report.Setup{Database: "SQLite", Connections: 25, Latency: 400 * time.Millisecond},
		Machine: report.Machine{Cores: 2, CPU: "a processor", Memory: "24 GB", OS: "a system", Load: "0.1", Go: "go1.26", Banyan: "v1", Open: 19500},
		Runs:    []*rehearsal.Run{run(rig.Straight, 900, 19_000), run(rig.AllLegacy, 800, 19_500), run(rig.Flipped, 3000, 40)}, Backlog: run(rig.Backlog, 17_000, 300),
		Paper: &report.Paper{Sections: []report.PaperSection{{Title: "On paper", Text: "As it would go.", Footing: "Prices.",
			Tables: []report.Table{{Title: "Quotas", Head: []string{"", "used"}, Rows: [][]string{{"a quota", "12 %"}}}},
			Charts: []report.PaperChart{{Title: "Waiting", Unit: "orders", Lines: []report.PaperLine{{Name: "waiting", X: []float64{0, 1}, Y: []float64{0, 5}}}}}}}},
	}
	r.Judge()
	return r
}

func html(t *testing.T, r *report.Report) (*goquery.Document, string) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, r.WriteHTML(&out))
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	return doc, out.String()
}

var spaces = regexp.MustCompile(`\s+`)

func words(s *goquery.Selection) string {
	return strings.TrimSpace(spaces.ReplaceAllString(s.Text(), " "))
}

// outline is what a page says, without how it looks.
func outline(doc *goquery.Document) string {
	var b strings.Builder
	doc.Find("main h1, main h2, main h3, main p, main li, main tr, main svg, main .legend, main .verdict, main dl, main pre").Each(func(_ int, s *goquery.Selection) {
		switch name := goquery.NodeName(s); name {
		case "svg":
			fmt.Fprintf(&b, "[picture: %s]\n", s.AttrOr("aria-label", "none"))
		case "tr":
			var cells []string
			s.Children().Each(func(_ int, c *goquery.Selection) { cells = append(cells, words(c)) })
			b.WriteString("  " + strings.Join(cells, " | ") + "\n")
		default:
			fmt.Fprintf(&b, "%s: %s\n", name, words(s))
		}
	})
	return b.String()
}

func TestHTML_SaysWhatHappened(t *testing.T) {
	doc, _ := html(t, rehearsed())
	got, golden := outline(doc), filepath.Join("testdata", "outline.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "run with -update")
	require.Equal(t, string(want), got)
}

func TestHTML_NeedsNothingElse(t *testing.T) {
	doc, text := html(t, rehearsed())
	require.Zero(t, doc.Find("script, link, img, iframe, object, embed, [src], [onclick], [onload]").Length())
	require.NotContains(t, text, "@import")
	require.NotContains(t, text, "url(")
	require.Equal(t, 5, doc.Find("svg").Length())
	doc.Find("svg").Each(func(_ int, s *goquery.Selection) {
		require.NotEmpty(t, s.AttrOr("aria-label", ""))
		require.NotEmpty(t, s.AttrOr("viewbox", s.AttrOr("viewBox", "")), "it grows with the page")
	})
	require.Contains(t, text, "banyan sale &lt;&amp;&gt;", "what is quoted is not markup")
	require.NotContains(t, text, "Liberation")
	require.NotContains(t, text, "ZgotmplZ")
}

func TestHTML_ALieStandsAtTheTop(t *testing.T) {
	r := rehearsed()
	r.Runs[2].Verdict = &truth.Verdict{Lies: map[truth.Finding]int64{truth.Missing: 2}, Examples: map[truth.Finding][]string{truth.Missing: {"order 01X"}}}
	r.Judge()
	require.False(t, r.Verdict.Clean)
	doc, _ := html(t, r)
	first := doc.Find("main").Children().First()
	require.True(t, first.HasClass("verdict") && first.HasClass("bad"))
	require.Contains(t, words(doc.Find("#faults")), "Banyan, flipped: 2 accepted orders that are not in the legacy database")
	require.Contains(t, words(doc.Find("#examples")), "order 01X")
}

func TestJudge_IsHarderThanTheRuns(t *testing.T) {
	for name, spoil := range map[string]func(*report.Report){
		"more connections than allowed":    func(r *report.Report) { r.Runs[1].MostHeld = 26 },
		"a dead letter":                    func(r *report.Report) { r.Runs[2].Ledger.Dead = 1 },
		"a ledger that does not balance":   func(r *report.Report) { r.Backlog.Ledger.Balanced = false },
		"a lie in the queue that piled up": func(r *report.Report) { r.Backlog.Verdict.Clean = false },
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearsed()
			spoil(r)
			r.Judge()
			require.False(t, r.Verdict.Clean)
			require.Len(t, r.Verdict.Faults, 1)
		})
	}
	r := rehearsed()
	r.Runs[0].Verdict = nil
	r.Judge()
	require.True(t, r.Verdict.Clean)
	require.False(t, r.Verdict.Judged)
	require.Contains(t, r.Verdict.Sentence, "not everything was looked up")
}

func TestJSON_IsReadBackAsItWas(t *testing.T) {
	r := rehearsed()
	var out bytes.Buffer
	require.NoError(t, r.WriteJSON(&out))
	back, err := report.Read(bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	var again bytes.Buffer
	require.NoError(t, back.WriteJSON(&again))
	require.JSONEq(t, out.String(), again.String())
	_, first := html(t, r)
	_, second := html(t, back)
	require.Equal(t, first, second, "a saved report makes the same page")

	for _, bad := range []string{"", "{", "[]", "{}", `{"version":2,"runs":[{}]}`} {
		_, err := report.Read(strings.NewReader(bad))
		require.ErrorIs(t, err, report.ErrNoReport, bad)
	}
	require.True(t, json.Valid(out.Bytes()))
}

func TestPaper_StandsAlone(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, rehearsed().Paper.WriteHTML(&out, "A sale on paper", "It all fits."))
	doc, err := goquery.NewDocumentFromReader(&out)
	require.NoError(t, err)
	require.Equal(t, "It all fits.", words(doc.Find("h1")))
	require.Zero(t, doc.Find("#verdict, #cards").Length(), "nothing was played")
	require.Equal(t, 1, doc.Find("svg").Length())
}

func TestWords_NeverRoundToAll(t *testing.T) {
	require.Equal(t, "99.9 %", report.Percent(0.99999))
	require.Equal(t, "100 %", report.Percent(1))
	require.Equal(t, "under 0.1 %", report.Percent(0.00001))
	require.Equal(t, "36 %", report.Percent(0.362))
	require.Equal(t, "1,234,567", report.Count(1234567))
	require.Equal(t, "-123", report.Count(-123))
	require.Equal(t, "4.2 ms", report.Milliseconds(4.21))
	require.Equal(t, "19 s", report.Milliseconds(19_000))
	require.Equal(t, "2.5 minutes", report.Span(150*time.Second))
}

// A page is made of whatever was measured, be it nothing.
func TestHTML_HasSomethingToSayOfVeryLittle(t *testing.T) {
	for name, spoil := range map[string]func(*report.Report){
		"nobody looked at other products": func(r *report.Report) {
			for _, run := range r.Runs {
				delete(run.Tallies, shopper.Browse)
				delete(run.Seconds, shopper.Browse)
			}
		},
		"nothing at all": func(r *report.Report) {
			r.Runs = []*rehearsal.Run{{Way: rig.Elsewhere, Title: "x", MostHeld: -1}}
			r.Backlog, r.Paper, r.Setup = nil, nil, report.Setup{Target: "http://127.0.0.1"}
		},
		"one moment": func(r *report.Report) {
			for _, run := range r.Runs {
				run.Series = run.Series[:1]
				run.Seconds = map[string][]sale.Second{shopper.Browse: {{Due: 1, Good: 1, P99: 1}}}
			}
		},
		"numbers out of all bounds": func(r *report.Report) {
			r.Runs[0].Series = []rehearsal.Point{{At: 1e18, Accepted: 1 << 62}}
			r.Runs[0].Seconds[shopper.Browse][0].P99 = 1e300
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearsed()
			spoil(r)
			r.Judge()
			doc, _ := html(t, r)
			require.NotEmpty(t, words(doc.Find("h1")))
		})
	}
}
