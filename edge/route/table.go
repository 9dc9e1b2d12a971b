package route

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Table is routes and products compiled. It never changes; a flip makes
// another, which takes its place as a whole.
type Table struct {
	cfg       *Config
	epoch     uint64
	routes    []compiledRoute
	templates []template
	products  []Product // by slug
	index     index
}

type compiledRoute struct {
	Route
	arm     Arm
	pattern pattern
}

// Compile makes a table of what was read. Its findings are those that need
// more than one line to be seen: patterns, duplicates, rules that hide others.
// The table is nil where one of them is an error.
func Compile(cfg *Config, products []Product, epoch uint64) (*Table, Findings) {
	c := compiler{cfg: cfg, table: &Table{cfg: cfg, epoch: epoch}}
	c.routes()
	c.templates()
	c.products(products)
	c.lint()
	if c.findings.Err() != nil {
		return nil, c.findings.sorted()
	}
	return c.table, c.findings.sorted()
}

// Epoch returns the version of the table.
func (t *Table) Epoch() uint64 { return t.epoch }

// Config returns the configuration that the table was compiled from.
func (t *Table) Config() *Config { return t.cfg }

// Products returns the products, sorted by slug.
func (t *Table) Products() []Product { return slices.Clone(t.products) }

// Product returns the product with this slug.
func (t *Table) Product(slug string) (Product, bool) {
	if p := t.index.find(slug, t.products); p != nil {
		return *p, true
	}
	return Product{}, false
}

// WithEpoch returns the same table under another epoch.
func (t *Table) WithEpoch(epoch uint64) *Table {
	same := *t
	same.epoch = epoch
	return &same
}

// compiler collects a table and its findings.
type compiler struct {
	cfg      *Config
	table    *Table
	findings Findings
}

// add keeps a finding about something in banyan.yaml.
func (c *compiler) add(at place, f Finding) {
	f.File, f.Line, f.Column = c.cfg.File, max(1, at.line), max(1, at.column)
	c.findings = append(c.findings, f)
}

func (c *compiler) routes() {
	names := make(map[string]int)
	for _, r := range c.cfg.Routes {
		if line, twice := names[r.Name]; twice {
			c.add(r.name, Finding{Text: r.Name, Message: fmt.Sprintf("the route at line %d has this name already", line), Hint: "give each route a name of its own"})
		}
		names[r.Name] = r.Line
		if problem, hint := patternProblem(r.Path); problem != "" {
			c.add(r.path, Finding{Text: r.Path, Message: problem, Hint: hint})
			continue
		}
		c.target(r)
		arm := Legacy
		if r.To == ToServerless {
			arm = Serverless
		}
		c.table.routes = append(c.table.routes, compiledRoute{r, arm, newPattern(r.Path)})
	}
}

// target checks what a route does with what it matches.
func (c *compiler) target(r Route) {
	switch {
	case r.To == ToQueue:
		c.queue(r)
	case r.Wait != 0:
		c.add(r.to, Finding{Text: string(r.To), Message: "wait is only for to: queue", Hint: "leave wait out"})
	case r.FoundBy != nil:
		c.add(r.to, Finding{Text: string(r.To), Message: "found_by is only for to: queue", Hint: "leave found_by out"})
	case r.Repeat != "":
		c.add(r.to, Finding{Text: string(r.To), Message: "repeat is only for to: queue", Hint: "leave repeat out"})
	}
	if len(r.FallBackOn) > 0 && r.To != ToServerless {
		c.add(r.to, Finding{Text: string(r.To), Message: "fall_back_on is only for to: serverless", Hint: "leave fall_back_on out"})
	}
}

// queue checks a route whose requests are kept and replayed.
func (c *compiler) queue(r Route) {
	if len(r.Methods) > 0 && !slices.ContainsFunc(r.Methods, mayWrite) {
		c.add(r.to, Finding{Text: string(r.To), Message: "only requests that may write are captured, and this route takes none", Hint: "write methods: [POST], or to: legacy"})
	}
	if r.FoundBy == nil {
		return
	}
	if text, problem, hint := r.FoundBy.problem(); problem != "" {
		c.add(r.FoundBy.place, Finding{Text: text, Message: problem, Hint: hint})
	} else if r.FoundBy.SQL != "" && c.cfg.Legacy == nil {
		c.add(r.FoundBy.place, Finding{Text: r.FoundBy.SQL, Message: "a query needs legacy's database, and the file names none", Hint: "write legacy: {database: postgres://user@host/shop}, or find it by a request"})
	}
}

func (c *compiler) templates() {
	for i, text := range c.cfg.Products.Paths {
		var at place
		if i < len(c.cfg.Products.places) {
			at = c.cfg.Products.places[i]
		}
		t, problem, hint := newTemplate(text)
		if problem != "" {
			c.add(at, Finding{Text: text, Message: problem, Hint: hint})
			continue
		}
		c.table.templates = append(c.table.templates, t)
	}
}

func (c *compiler) products(products []Product) {
	t := c.table
	t.products = slices.Clone(products)
	slices.SortFunc(t.products, bySlug)
	for i := 1; i < len(t.products); i++ {
		if p := &t.products[i]; p.Slug == t.products[i-1].Slug {
			c.findings = append(c.findings, Finding{File: c.cfg.Products.File, Line: max(1, p.Line), Column: 1, Text: p.Slug,
				Message: fmt.Sprintf("this product is already at line %d", t.products[i-1].Line), Hint: "keep one of them"})
		}
	}
	t.index = newIndex(t.products)
}

// bySlug orders products, and copies of one by their lines.
func bySlug(a, b Product) int {
	return cmp.Or(strings.Compare(a.Slug, b.Slug), cmp.Compare(a.Line, b.Line))
}
