package legacydb

import (
	"fmt"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// The shapes of a verdict. Whatever is not certainly the order's own fault
// defers it.
func rejected(cause string) verdict {
	return verdict{disposition: order.DispositionRejected, cause: cause}
}

func deferred(cause string) verdict {
	return verdict{disposition: order.DispositionDeferred, cause: cause}
}

// gone is for a database that is away: nothing more can be done in this
// transaction.
func gone(cause string) verdict {
	return verdict{disposition: order.DispositionDeferred, cause: cause, away: true, stop: true}
}

// misfit is for a statement that the schema does not take. It looks as if
// legacy took no orders at all, but the others of the batch may fare better.
func misfit(cause string) verdict {
	return verdict{disposition: order.DispositionDeferred, cause: cause, away: true}
}

// locked is for a row or table that somebody holds for long.
func locked(cause string) verdict {
	return verdict{disposition: order.DispositionDeferred, cause: cause, locked: true}
}

// conflict is for a transaction that lost against another.
func conflict(cause string) verdict {
	return verdict{disposition: order.DispositionDeferred, cause: cause, again: true}
}

// wrongRows returns the verdict on a statement that changed or returned another
// number of rows than it should.
func (s *statement) wrongRows(got int64) verdict {
	if s.Else != "" {
		return rejected(s.Else)
	}
	return rejected(fmt.Sprintf("statement %d changed %d rows where %d are wanted", s.number, got, *s.Rows))
}

// checkRows returns nil where the number of rows is right.
func (s *statement) checkRows(got int64) *verdict {
	var v verdict
	switch {
	case s.Rows != nil && got != int64(*s.Rows):
		v = s.wrongRows(got)
	case s.As != "" && got == 0:
		v = rejected(fmt.Sprintf("statement %d returned no row to call %s", s.number, s.As))
	default:
		return nil
	}
	return &v
}

// columnError says that a statement needs a column that an earlier one does not
// return.
type columnError struct {
	needs *statement
	from  argument
}

func (e columnError) Error() string {
	return fmt.Sprintf("statement %d needs :%s.%s, which statement %d does not return",
		e.needs.number, e.from.row.As, e.from.column, e.from.row.number)
}

// on puts the name of a constraint, column or table behind a cause.
func on(cause, kind, name string) string {
	if name == "" {
		return cause
	}
	return strings.TrimSpace(cause + " (" + kind + " " + name + ")")
}
