package legacydb

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Check prepares every statement of the mapping against the real schema and
// returns what does not fit. It changes nothing.
func (db *DB) Check(ctx context.Context) []Problem {
	c := checker{db: db}
	if !c.reach(ctx) {
		return c.problems
	}
	returns := make(map[*statement][]string)
	for _, s := range db.statements() {
		columns, err := db.dialect.prepare(ctx, s.sql)
		if err != nil {
			c.addTo(s, s.SQL, "", err.Error())
			continue
		}
		returns[s] = columns
		c.columns(s, returns)
	}
	c.stock(ctx)
	return c.problems
}

type checker struct {
	db       *DB
	problems []Problem
}

func (c *checker) add(s Statement, number int, text, hint, message string) {
	c.problems = append(c.problems, Problem{
		File: c.db.config.File, Line: s.Line, Statement: number, Text: text, Message: message, Hint: hint,
	})
}

// addTo adds what is wrong with a statement.
func (c *checker) addTo(s *statement, text, hint, message string) {
	c.add(s.Statement, s.number, text, hint, message)
	c.problems[len(c.problems)-1].Mapping = s.mapping
}

// reach reports whether the database answers, and whether it has a ledger or
// can be given one.
func (c *checker) reach(ctx context.Context) bool {
	section := Statement{Line: c.db.config.Line}
	there, err := c.db.dialect.ledger(ctx)
	if err != nil {
		c.add(section, 0, redacted(c.db.config.Database), "is it running, and is this its address?",
			"the legacy database cannot be asked: "+err.Error())
		return false
	}
	if there {
		return true
	}
	may, err := c.db.dialect.mayCreate(ctx)
	if err == nil && !may {
		c.add(section, 0, "", "permit CREATE on the schema, or make the table as DESIGN.md shows it",
			"there is no table banyan_ledger, and this login may not make it")
	}
	return true
}

// columns checks that the statement's rows have the columns it takes from them.
func (c *checker) columns(s *statement, returns map[*statement][]string) {
	for i, a := range s.args {
		columns := returns[a.row]
		if a.row == nil || columns == nil {
			continue
		}
		if !slices.ContainsFunc(columns, func(name string) bool { return strings.EqualFold(name, a.column) }) {
			c.addTo(s, ":"+s.query.names[i], didYouMean(a.column, columns),
				fmt.Sprintf("statement %d does not return this column", a.row.number))
		}
	}
}

func (c *checker) stock(ctx context.Context) {
	if !c.db.HasStock() {
		return
	}
	columns, err := c.db.dialect.prepare(ctx, c.db.config.Stock)
	switch {
	case err != nil:
		c.add(Statement{Line: c.db.config.Line}, 0, c.db.config.Stock, "", "legacy.stock: "+err.Error())
	case columns != nil && len(columns) != 2:
		c.add(Statement{Line: c.db.config.Line}, 0, c.db.config.Stock, "write SELECT sku, on_hand FROM …",
			"legacy.stock has to return two columns, the SKU and how many are on hand")
	}
}
