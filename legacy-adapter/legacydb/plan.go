package legacydb

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// plan is a mapping ready to be run.
type plan struct {
	statements []*statement
	rounds     [][]*statement // those of a round need no answer of another in it, and are sent together
	words      vocabulary
}

// statement is a Statement whose placeholders are understood.
type statement struct {
	Statement
	number    int    // from 1, as in the file
	mapping   string // see vocabulary
	sql       string // in the dialect's form
	query     query
	args      []argument
	lockOrder []int // the arguments that say which rows are locked; nil: none are shared between orders
}

// argument is where the value of a placeholder comes from: a field of the
// order or listing, a field of its line or picture, or a column of the row of
// an earlier statement.
type argument struct {
	of     func(subject) any
	ofItem func(subject, int) any
	row    *statement
	column string
}

// call is a statement with the values for one order, or for one line of it.
type call struct {
	order int // in the batch
	line  int // in the order; 0 where the statement is not run for each line
	stmt  *statement
	args  []any
}

// rows are what the statements with an "as" returned for one order.
type rows map[*statement]map[string]any

// plural reports whether the statement is run once a line, or once a picture.
func (s *statement) plural() bool { return s.Each != "" }

// calls returns the statement's calls for the i-th order, or listing, of a batch.
func (s *statement) calls(b *batch, i int, have rows) []call {
	of := b.subject(i)
	if !s.plural() {
		return []call{{i, 0, s, s.values(of, 0, have)}}
	}
	calls := make([]call, b.plan.words.count(of))
	for line := range calls {
		calls[line] = call{i, line, s, s.values(of, line, have)}
	}
	return calls
}

func (s *statement) values(of subject, line int, have rows) []any {
	values := make([]any, len(s.args))
	for i, a := range s.args {
		switch {
		case a.of != nil:
			values[i] = a.of(of)
		case a.ofItem != nil:
			values[i] = a.ofItem(of, line)
		default:
			values[i] = have[a.row][a.column]
		}
	}
	return values
}

// inLockOrder sorts a statement's calls by the rows they lock, so that batches
// written at the same time lock rows that both need in the same sequence and
// do not deadlock. Calls for the same row stay in the sequence of the orders.
func (s *statement) inLockOrder(calls []call) {
	if s.lockOrder == nil {
		return
	}
	slices.SortStableFunc(calls, func(a, b call) int {
		for _, i := range s.lockOrder {
			if c := compareValues(a.args[i], b.args[i]); c != 0 {
				return c
			}
		}
		return 0
	})
}

// compareValues orders two values of the same placeholder.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b)
		}
	case []byte:
		if b, ok := b.([]byte); ok {
			return strings.Compare(string(a), string(b))
		}
	}
	return cmp.Compare(rank(a), rank(b))
}

// rank sets NULL before everything else.
func rank(v any) int {
	if v == nil {
		return 0
	}
	return 1
}

// inRounds cuts the statements into rounds: one that needs the row of another
// begins a new round after it.
func inRounds(statements []*statement) [][]*statement {
	var rounds [][]*statement
	for _, s := range statements {
		begins := len(rounds) == 0
		if !begins {
			latest := rounds[len(rounds)-1]
			begins = slices.ContainsFunc(s.args, func(a argument) bool { return slices.Contains(latest, a.row) })
		}
		if begins {
			rounds = append(rounds, nil)
		}
		rounds[len(rounds)-1] = append(rounds[len(rounds)-1], s)
	}
	return rounds
}
