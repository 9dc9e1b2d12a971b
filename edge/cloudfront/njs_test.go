package cloudfront

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// batch is requests on one table, for njs to run.
type batch struct {
	Items    map[string]string `json:"items"`
	Requests [][]any           `json:"requests"`

	table    *route.Table
	requests []route.Request
}

func newBatch(t require.TestingT, table *route.Table, requests []route.Request) batch {
	b := batch{Items: make(map[string]string), table: table, requests: requests}
	for _, i := range compileTable(t, table).Items {
		b.Items[i.Key] = i.Value
	}
	for i, r := range requests {
		requests[i].Path = strings.ToValidUTF8(r.Path, "\ufffd") // as JSON has it
		r = requests[i]
		b.Requests = append(b.Requests, []any{r.Method, r.Path, r.Visitor, r.Address, r.UserAgent, r.Now.UnixMilli()})
	}
	return b
}

// njsMain runs the batches that are in a file.
const njsMain = `
async function main() {
    const batches = JSON.parse(require('fs').readFileSync('batches.json', 'utf8'));
    for (let i = 0; i < batches.length; i++) {
        const items = batches[i].items;
        cf.lookup = function (key) { return Object.prototype.hasOwnProperty.call(items, key) ? items[key] : undefined; };
        for (let j = 0; j < batches[i].requests.length; j++) {
            const r = batches[i].requests[j];
            const line = await run(r[0], r[1], r[2], r[3], r[4], r[5]);
            console.log(JSON.stringify(line));
        }
    }
}
main();
`

// njs runs the text after the function in Debian's njs, the engine CloudFront's
// is of, and returns what it wrote.
func njs(t *testing.T, function, rest string, files map[string]string) string {
	t.Helper()
	program, err := exec.LookPath("njs")
	if err != nil {
		t.Skip("skipped: njs is not installed (Debian: apt-get install njs)")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("cloudfront", testFile(t, "cloudfront.js"))
	write("run.js", function+rest)
	for name, text := range files {
		write(name, text)
	}
	cmd := exec.Command(program, "run.js")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%.2000s", out)
	return string(out)
}

// requireNJSEqual runs batches in njs and compares with the table's decisions.
func requireNJSEqual(t *testing.T, batches []batch) {
	t.Helper()
	text, err := json.Marshal(batches)
	require.NoError(t, err)
	a := compileTable(t, batches[0].table)
	out := njs(t, string(a.Function), testFile(t, "driver.js")+njsMain, map[string]string{"batches.json": string(text)})
	lines := strings.Split(strings.TrimSpace(out), "\n")
	i := 0
	for _, b := range batches {
		for _, r := range b.requests {
			require.Less(t, i, len(lines), "%s", out[max(0, len(out)-2000):])
			var line string
			require.NoError(t, json.Unmarshal([]byte(lines[i]), &line), lines[i])
			requireEqual(t, b.table, r, readOutcome(line))
			i++
		}
	}
	require.Len(t, lines, i)
}

func TestFunction_DecidesAsTheTableDoesInNJS(t *testing.T) {
	const perTable, perProcess = 50, 20
	tables := max(1, requestsToTry(t)/5/perTable)
	for first := 0; first < tables; first += perProcess {
		var batches []batch
		for i := first; i < min(tables, first+perProcess); i++ {
			g := newGenerator(seed(t) + 1_000_000 + uint64(i))
			table := g.newTable(t, 60)
			var requests []route.Request
			for range perTable {
				requests = append(requests, g.request(table))
			}
			batches = append(batches, newBatch(t, table, requests))
		}
		requireNJSEqual(t, batches)
	}
}

func TestFunction_DecidesAsTheTableDoesInNJSWith100000Products(t *testing.T) {
	table, g := bigTable(t), newGenerator(seed(t))
	var requests []route.Request
	for range 200 {
		requests = append(requests, g.request(table))
	}
	requireNJSEqual(t, []batch{newBatch(t, table, requests)})
}
