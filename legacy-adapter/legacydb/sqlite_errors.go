package legacydb

import (
	"errors"
	"strings"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/banyan-edge/banyan/api/order"
)

// sqliteCodes says what SQLite's errors mean, by extended result code or else
// by its low byte. What is not in the table defers the order.
var sqliteCodes = map[int]verdict{
	codes.SQLITE_BUSY:      gone("the legacy database was locked for too long"),
	codes.SQLITE_LOCKED:    gone("the legacy database was locked for too long"),
	codes.SQLITE_INTERRUPT: gone("a statement took too long"),
	codes.SQLITE_CANTOPEN:  gone("the legacy database's file cannot be opened"),
	codes.SQLITE_FULL:      gone("the legacy database's disk is full"),
	codes.SQLITE_IOERR:     gone("the legacy database has trouble with its disk"),
	codes.SQLITE_READONLY:  gone("the legacy database is read-only"),
	codes.SQLITE_PERM:      gone("the legacy database is read-only"),
	codes.SQLITE_NOMEM:     gone("the legacy database is out of memory"),
	codes.SQLITE_CORRUPT:   gone("the legacy database's file is damaged"),
	codes.SQLITE_NOTADB:    gone("the legacy database's file is no SQLite database"),

	codes.SQLITE_ERROR:  misfit("a statement does not fit the legacy schema"),
	codes.SQLITE_AUTH:   misfit("the legacy database does not permit a statement"),
	codes.SQLITE_SCHEMA: misfit("the legacy schema was changed"),

	codes.SQLITE_CONSTRAINT:            rejected("a constraint of the legacy database refuses the order"),
	codes.SQLITE_CONSTRAINT_CHECK:      rejected("a check of the legacy database refuses the order"),
	codes.SQLITE_CONSTRAINT_FOREIGNKEY: rejected("the order refers to something that the legacy database does not have"),
	codes.SQLITE_CONSTRAINT_NOTNULL:    rejected("a column that must be filled would be empty"),
	codes.SQLITE_CONSTRAINT_PRIMARYKEY: rejected("the legacy database has a row with this value already"),
	codes.SQLITE_CONSTRAINT_UNIQUE:     rejected("the legacy database has a row with this value already"),
	codes.SQLITE_CONSTRAINT_TRIGGER:    rejected("the legacy database refuses the order"),
	codes.SQLITE_CONSTRAINT_DATATYPE:   rejected("a value is not of its column's type"),
	codes.SQLITE_MISMATCH:              rejected("a value is not of its column's type"),
	codes.SQLITE_TOOBIG:                rejected("a value is too long"),
	codes.SQLITE_RANGE:                 rejected("a number is out of range"),
}

func (l *sqlite) classify(err error) verdict {
	var wrong rowsError
	var column columnError
	var answer *driver.Error
	switch {
	case errors.As(err, &wrong):
		return wrong.verdict
	case errors.As(err, &column):
		return misfit(column.Error())
	case errors.As(err, &answer):
		return sqliteVerdict(answer)
	}
	return gone("the legacy database cannot be reached")
}

func sqliteVerdict(answer *driver.Error) verdict {
	v, known := sqliteCodes[answer.Code()]
	if !known {
		v, known = sqliteCodes[answer.Code()&0xff]
	}
	if !known {
		return deferred("an error of the legacy database that is not known")
	}
	if v.disposition != order.DispositionRejected {
		return v
	}
	// "constraint failed: UNIQUE constraint failed: orders.number (2067)": the
	// message names columns or a trigger's own words, never values.
	_, detail, _ := strings.Cut(answer.Error(), " constraint failed: ")
	if answer.Code() == codes.SQLITE_CONSTRAINT_TRIGGER {
		_, detail, _ = strings.Cut(answer.Error(), "constraint failed: ")
	}
	if i := strings.LastIndex(detail, " ("); i >= 0 {
		detail = detail[:i]
	}
	if detail != "" {
		v.cause += ": " + detail
	}
	return v
}
