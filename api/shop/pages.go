package shop

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates: one file a page, inside the layout. Each is parsed
// when it is first shown: a checkout that is answered in JSON needs none, and in
// Lambda a shopper waits for the start.
type pages struct {
	byName map[string]func() *template.Template
}

// findPages knows where the templates are. One that does not parse makes the
// page that needs it panic: they are part of the program.
func findPages(a *assets) *pages {
	funcs := template.FuncMap{
		"asset":  a.url,
		"grades": func() []grade { return grades },
		"plural": plural,
	}
	layout := sync.OnceValue(func() *template.Template {
		return template.Must(template.New("layout").Funcs(funcs).
			ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	})
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err) // embedded
	}
	p := &pages{byName: map[string]func() *template.Template{}}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
		if name == "layout" || name == "parts" {
			continue
		}
		p.byName[name] = sync.OnceValue(func() *template.Template {
			page := template.Must(layout().Clone()) // a layout that was executed could not be cloned; this one never is
			return template.Must(page.ParseFS(templateFiles, "templates/"+e.Name()))
		})
	}
	return p
}

// render returns a whole page, so that a fault in it never leaves half of one.
func (p *pages) render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(16 << 10)
	if err := p.byName[name]().ExecuteTemplate(&b, "layout", data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// frame is what every page has around it.
type frame struct {
	Title       string
	Description string
	Shelf       string // the category that the page is on
	Query       string // what was searched for
	Categories  []Category
	CartCount   int
	Refresh     int    // seconds after which a browser without script asks again
	Script      string // an asset
}

func (s *server) frame(r *http.Request, title string) frame {
	return frame{Title: title, Categories: s.catalogue.Categories(), CartCount: s.cartOf(r).count()}
}

// grade explains a condition.
type grade struct {
	Name  Condition
	Means string
}

var grades = []grade{
	{Unused, "Never fished. It may have waited on a shelf."},
	{Excellent, "Fished with care. You would have to look for the marks."},
	{VeryGood, "Honest light wear, everything as it should be."},
	{Good, "Shows its seasons. Sound, serviced, ready."},
	{WellLoved, "Scars and stories. Works; priced for both."},
}

// plural writes 1 thing, 2 things.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
