package legacydb

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/banyan-edge/banyan/api/order"
)

// postgresStates says what PostgreSQL's errors mean, by SQLSTATE; the longest
// prefix counts. What is not in the table defers the order: a person may find
// out later that it never goes in, but no order is given up on by mistake.
var postgresStates = map[string]verdict{
	"08":    gone("the connection to the legacy database was lost"),
	"28":    gone("the legacy database refuses the login"),
	"3D":    gone("the legacy database does not exist"),
	"53":    gone("the legacy database is short of resources"),
	"53100": gone("the legacy database's disk is full"),
	"53200": gone("the legacy database is out of memory"),
	"53300": gone("the legacy database has too many connections"),
	"57":    gone("the legacy database ended the work"),
	"57014": gone("a statement took too long"),
	"57P01": gone("the legacy database is being shut down"),
	"57P02": gone("the legacy database crashed"),
	"57P03": gone("the legacy database is starting"),
	"58":    gone("the legacy database has trouble with its disk"),
	"25":    gone("the legacy database's transaction broke off"),
	"25006": gone("the legacy database is read-only"),

	"40":    conflict("another transaction was in the way"),
	"40001": conflict("another transaction was in the way"),
	"40P01": conflict("a deadlock with another transaction"),
	"55":    deferred("something in the legacy database is in use"),
	"55P03": locked("a row or table that the order needs was locked for too long"),

	"42":    misfit("a statement does not fit the legacy schema"),
	"42501": misfit("the legacy database does not permit a statement"),
	"26":    misfit("the connection lost its prepared statements"),
	"0A":    misfit("the legacy schema was changed"),

	"22":    rejected("a value does not fit"),
	"22001": rejected("a value is too long for its column"),
	"22003": rejected("a number is out of its column's range"),
	"22007": rejected("a value is not the date or time that its column wants"),
	"22008": rejected("a date is out of its column's range"),
	"22021": rejected("a value holds a character that the legacy database cannot store"),
	"22P02": rejected("a value is not of its column's type"),
	"22P05": rejected("a value holds a character that the legacy database cannot store"),
	"23":    rejected("a constraint of the legacy database refuses the order"),
	"23502": rejected("a column that must be filled would be empty"),
	"23503": rejected("the order refers to something that the legacy database does not have"),
	"23505": rejected("the legacy database has a row with this value already"),
	"23514": rejected("a check of the legacy database refuses the order"),
	"44":    rejected("a view of the legacy database refuses the order"),
	"P0001": rejected("the legacy database refuses the order"),
}

func (p *postgres) classify(err error) verdict {
	var answer *pgconn.PgError
	var column columnError
	switch {
	case errors.As(err, &answer):
		return postgresVerdict(answer)
	case errors.As(err, &column):
		return misfit(column.Error())
	}
	return gone("the legacy database cannot be reached") // no answer: after a COMMIT it may have been done
}

func postgresVerdict(answer *pgconn.PgError) verdict {
	v := deferred("an error of the legacy database that is not known (" + answer.Code + ")")
	for _, length := range []int{2, 5} {
		if known, ok := postgresStates[answer.Code[:min(length, len(answer.Code))]]; ok {
			v = known
		}
	}
	if v.disposition != order.DispositionRejected {
		return v
	}
	// The server's detail holds the shopper's values; only names are repeated.
	// A message raised by a trigger is what the shop's own people wrote.
	switch {
	case answer.Code == "P0001":
		v.cause += ": " + answer.Message
	case answer.ConstraintName != "":
		v.cause = on(v.cause, "constraint", answer.ConstraintName)
	case answer.ColumnName != "":
		v.cause = on(v.cause, "column", answer.ColumnName)
	}
	return v
}
