package legacydb

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// compileAll makes plans of both mappings, for a dialect; nil stands for any of
// them.
func compileAll(c Config, d dialect) (write, listings *plan, problems Problems) {
	write, problems = compile(c.Write, orderWords, c.File, d)
	listings, more := compile(c.Listings, listingWords, c.File, d)
	return write, listings, append(problems, more...)
}

// compile makes a plan of one mapping.
func compile(statements []Statement, words vocabulary, file string, d dialect) (*plan, Problems) {
	p := &compiler{words: words, file: file, dialect: d}
	for i, s := range statements {
		p.add(i+1, s)
	}
	return &plan{p.done, inRounds(p.done), words}, p.problems
}

type compiler struct {
	words    vocabulary
	file     string
	dialect  dialect
	done     []*statement
	problems Problems
}

func (p *compiler) problem(s Statement, number int, text, hint, message string) {
	p.problems = append(p.problems, Problem{
		File: p.file, Line: s.Line, Statement: number, Mapping: p.words.mapping, Text: text, Message: message, Hint: hint,
	})
}

var rowName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// add compiles one statement. A statement with problems is kept, so that later
// ones can refer to its row.
func (p *compiler) add(number int, given Statement) {
	q := scan(strings.TrimRight(strings.TrimSpace(given.SQL), "; \t\r\n"))
	s := &statement{Statement: given, number: number, mapping: p.words.mapping, query: q}
	p.shape(s)
	p.parameters(s)
	for _, name := range q.names {
		s.args = append(s.args, p.argument(s, name))
	}
	s.lockOrder = lockOrder(q)
	if p.dialect != nil {
		s.sql = q.render(p.dialect.parameter)
	}
	p.done = append(p.done, s)
}

// lockOrder picks the arguments that say which rows are locked: those that a
// WHERE compares by equality. Where a row is inserted or updated, whichever it
// is, it is the first, the key by custom.
func lockOrder(q query) []int {
	switch {
	case len(q.equals) > 0:
		return q.equals
	case q.upsert && len(q.names) > 0:
		return []int{0}
	}
	return nil
}

// shape checks what stands beside the SQL.
func (p *compiler) shape(s *statement) {
	bad := func(text, hint, message string) { p.problem(s.Statement, s.number, text, hint, message) }
	if strings.TrimSpace(s.SQL) == "" {
		bad("", "", "sql is missing")
	}
	if s.query.more {
		bad(";", "make a statement of each", "there is more than one SQL statement")
	}
	if s.Each != "" && s.Each != p.words.list {
		bad(s.Each, didYouMean(s.Each, []string{p.words.list}), "each can only be "+p.words.list)
	}
	if s.Else != "" && s.Rows == nil {
		bad(s.Else, "add rows: 1", "else says what it means when the number of rows is another, and needs rows")
	}
	if s.As == "" {
		return
	}
	switch {
	case !rowName.MatchString(s.As):
		bad(s.As, "use letters, digits and _", "as has to be a plain name")
	case slices.Contains(p.words.reserved, s.As):
		bad(s.As, "call it row", "as cannot be the name of one of the "+p.words.subject+"'s own fields")
	case s.plural():
		bad(s.As, "", "as cannot go with each: there is a row for every "+p.words.item)
	case slices.ContainsFunc(p.done, func(o *statement) bool { return o.As == s.As }):
		bad(s.As, "choose another name", "an earlier statement has this as already")
	}
}

// parameters refuses the database's own parameters, which nobody would fill.
func (p *compiler) parameters(s *statement) {
	for _, raw := range s.query.raw {
		if raw == "?" && (p.dialect == nil || !p.dialect.questionMarks()) {
			continue // an operator of PostgreSQL
		}
		p.problem(s.Statement, s.number, raw, "name the field, such as :id", "positional parameters are not filled in")
		return
	}
}

// argument finds what a placeholder stands for.
func (p *compiler) argument(s *statement, name string) argument {
	if field, ok := p.words.fields[name]; ok {
		return argument{of: field}
	}
	if field, ok := p.words.items[name]; ok {
		if !s.plural() {
			p.problem(s.Statement, s.number, ":"+name, "add each: "+p.words.list, "a statement sees a "+p.words.item+" only when it is run for each")
		}
		return argument{ofItem: field}
	}
	row, column, _ := strings.Cut(name, ".")
	for _, earlier := range p.done {
		if earlier.As == row && row != "" && column != "" {
			p.column(s, earlier, name, column)
			return argument{row: earlier, column: strings.ToLower(column)}
		}
	}
	p.problem(s.Statement, s.number, ":"+name, p.suggestion(s, name), "unknown placeholder")
	return argument{of: p.words.fields["id"]}
}

// column checks a column against the RETURNING clause it is taken from, as far
// as that can be read without asking the database.
func (p *compiler) column(s, from *statement, name, column string) {
	columns := from.query.returning
	if columns == nil || slices.Contains(columns, strings.ToLower(column)) {
		return
	}
	p.problem(s.Statement, s.number, ":"+name, didYouMean(column, columns),
		fmt.Sprintf("statement %d does not return this column", from.number))
}

func (p *compiler) suggestion(s *statement, name string) string {
	var rows []string
	for _, earlier := range p.done {
		if earlier.As != "" {
			rows = append(rows, earlier.As)
		}
	}
	if row, _, dotted := strings.Cut(name, "."); dotted && !slices.Contains(p.words.reserved, row) {
		if len(rows) == 0 {
			return fmt.Sprintf("give an earlier statement as: %s and let it return the column", row)
		}
		return didYouMean(row, rows)
	}
	return didYouMean(name, p.words.known(s.plural(), rows))
}
