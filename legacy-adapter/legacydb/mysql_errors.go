package legacydb

import (
	"errors"
	"regexp"
	"strconv"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/banyan-edge/banyan/api/order"
)

// lost is for a transaction that the server has rolled back as a whole, so that
// no order of it can be kept; it may well succeed at once.
func lost(cause string) verdict {
	v := conflict(cause)
	v.stop = true
	return v
}

// Errors that are asked for by number.
const (
	mysqlDenied    = 1142
	mysqlDuplicate = 1062
	mysqlNotThere  = 1305
	mysqlSignal    = 1644
)

// mysqlNumbers says what the errors of MariaDB and MySQL mean, by number. What
// is not in it goes by the class of its SQLSTATE, and what is in neither defers
// the order: a person may find out later that it never goes in, but no order is
// given up on by mistake.
var mysqlNumbers = map[uint16]verdict{
	1040: gone("the legacy database has too many connections"),
	1203: gone("the legacy database permits this login no further connection"),
	1226: gone("the legacy database permits this login no further connection"),
	1461: gone("the legacy database has too many prepared statements"),
	1129: gone("the legacy database blocks this host after too many errors"),
	1130: gone("the legacy database does not permit this host"),
	1044: gone("the legacy database refuses the login"),
	1045: gone("the legacy database refuses the login"),
	1698: gone("the legacy database refuses the login"),
	1820: gone("the legacy database wants the password changed"),
	1049: gone("the legacy database does not exist"),
	1046: gone("the legacy database does not exist"),
	1047: gone("the legacy database's cluster is not ready"), // Galera
	1053: gone("the legacy database is being shut down"),
	1077: gone("the legacy database is being shut down"),
	1079: gone("the legacy database is being shut down"),
	1927: gone("the legacy database ended the connection"), // KILL, MariaDB
	2006: gone("the connection to the legacy database was lost"),
	2013: gone("the connection to the legacy database was lost"),
	4031: gone("the legacy database ended the connection"), // idle for too long, MySQL
	1317: gone("the legacy database ended the work"),       // KILL QUERY
	1969: gone("a statement took too long"),                // max_statement_time, MariaDB
	3024: gone("a statement took too long"),                // max_execution_time, MySQL
	1290: gone("the legacy database is read-only"),
	1792: gone("the legacy database is read-only"),
	1836: gone("the legacy database is read-only"),
	1021: gone("the legacy database's disk is full"),
	1114: gone("a table of the legacy database, or its disk, is full"),
	1206: gone("the legacy database has no room for more locks"),
	1037: gone("the legacy database is out of memory"),
	1038: gone("the legacy database is out of memory"),
	1041: gone("the legacy database is out of memory"),
	1003: gone("the legacy database has trouble with its disk"),
	1016: gone("the legacy database has trouble with its disk"),
	1026: gone("the legacy database has trouble with its disk"),
	1030: gone("the legacy database has trouble with its disk"),
	1034: gone("a table of the legacy database is damaged"),
	1194: gone("a table of the legacy database is damaged"),

	1213: lost("a deadlock with another transaction"),
	1020: lost("another transaction was in the way"), // snapshot isolation, MariaDB
	3101: lost("another transaction was in the way"), // group replication, MySQL
	1205: locked("a row or table that the order needs was locked for too long"),
	3572: locked("a row or table that the order needs was locked"), // NOWAIT
	1015: locked("a row or table that the order needs was locked"),

	1142: misfit("the legacy database does not permit a statement"),
	1143: misfit("the legacy database does not permit a statement"),
	1227: misfit("the legacy database does not permit a statement"),
	1370: misfit("the legacy database does not permit a statement"),
	1054: misfit("a statement does not fit the legacy schema"),
	1064: misfit("a statement does not fit the legacy schema"),
	1136: misfit("a statement does not fit the legacy schema"),
	1146: misfit("a statement does not fit the legacy schema"),
	1305: misfit("a statement does not fit the legacy schema"),
	1364: misfit("a column that has no default is not filled by any statement"),
	1442: misfit("a trigger of the legacy database changes the table that a statement is changing"),
	1243: misfit("the connection lost its prepared statements"),
	1295: misfit("a statement cannot be prepared"),
	1412: misfit("the legacy schema was changed"),
	1615: misfit("the legacy schema was changed"),
	1665: misfit("the legacy database's binary log is by statement, which does not go with READ COMMITTED: set binlog_format to MIXED or ROW"),

	1048: rejected("a column that must be filled would be empty"),
	1062: rejected("the legacy database has a row with this value already"),
	1169: rejected("the legacy database has a row with this value already"),
	1586: rejected("the legacy database has a row with this value already"),
	1216: rejected("the order refers to something that the legacy database does not have"),
	1452: rejected("the order refers to something that the legacy database does not have"),
	1217: rejected("something in the legacy database refers to what the order takes away"),
	1451: rejected("something in the legacy database refers to what the order takes away"),
	3819: rejected("a check of the legacy database refuses the order"), // MySQL
	4025: rejected("a check of the legacy database refuses the order"), // MariaDB
	1369: rejected("a view of the legacy database refuses the order"),
	1526: rejected("no partition of a table takes the order"),
	1264: rejected("a number is out of its column's range"),
	1690: rejected("a number is out of its column's range"),
	1406: rejected("a value is too long for its column"),
	1265: rejected("a value is not of its column's type"),
	1366: rejected("a value is not of its column's type, or holds a character that the column cannot store"),
	1300: rejected("a value holds a character that the legacy database cannot store"),
	1292: rejected("a value is not the date, time or number that its column wants"),
	1365: rejected("a number would be divided by zero"),
	3140: rejected("a value is not the JSON that its column wants"), // MySQL
	1644: rejected("the legacy database refuses the order"),         // SIGNAL in a trigger
}

// mysqlStates is for the numbers that are not listed, by SQLSTATE's class.
var mysqlStates = map[string]verdict{
	"08": gone("the connection to the legacy database was lost"),
	"28": gone("the legacy database refuses the login"),
	"40": lost("another transaction was in the way"),
	"42": misfit("a statement does not fit the legacy schema"),
	"0A": misfit("a statement does not fit the legacy schema"),
	"22": rejected("a value does not fit"),
	"23": rejected("a constraint of the legacy database refuses the order"),
	"44": rejected("a view of the legacy database refuses the order"),
	"45": rejected("the legacy database refuses the order"),
}

// mysqlMisfit says that the mapping cannot be run here.
type mysqlMisfit struct{ error }

func (e mysqlMisfit) Unwrap() error { return e.error }

func (m *mysql) classify(err error) verdict {
	var answer *mysqldriver.MySQLError
	var column columnError
	var unfit mysqlMisfit
	switch {
	case errors.As(err, &answer):
		return mysqlVerdict(answer)
	case errors.As(err, &column):
		return misfit(column.Error())
	case errors.As(err, &unfit):
		return misfit(unfit.Error())
	case errors.Is(err, mysqldriver.ErrPktTooLarge):
		return rejected("the order is larger than the legacy database takes")
	}
	return gone("the legacy database cannot be reached") // no answer: after a COMMIT it may have been done
}

// mysqlNumber returns the server's number of an error, or 0 where it is none of its.
func mysqlNumber(err error) uint16 {
	var answer *mysqldriver.MySQLError
	if errors.As(err, &answer) {
		return answer.Number
	}
	return 0
}

func mysqlVerdict(answer *mysqldriver.MySQLError) verdict {
	v, known := mysqlNumbers[answer.Number]
	if !known {
		v, known = mysqlStates[string(answer.SQLState[:2])]
	}
	if !known {
		return deferred("an error of the legacy database that is not known (" + strconv.Itoa(int(answer.Number)) + ")")
	}
	if answer.Number == mysqlNotThere && mysqlNoSavepoint.MatchString(answer.Message) {
		return lost("the legacy database ended the transaction")
	}
	if v.disposition != order.DispositionRejected && answer.Number != 1364 {
		return v
	}
	if answer.Number == mysqlSignal {
		v.cause += ": " + answer.Message
		return v
	}
	kind, name := mysqlName(answer.Message)
	v.cause = on(v.cause, kind, name)
	return v
}

var mysqlNoSavepoint = regexp.MustCompile(`^SAVEPOINT `)

// mysqlNames find what a message is about. The messages hold the shopper's
// values as well; only names are repeated.
var mysqlNames = []struct {
	kind string
	in   *regexp.Regexp
}{
	{"key", regexp.MustCompile(`for key '([^']+)'$`)},
	{"constraint", regexp.MustCompile("CONSTRAINT `([^`]+)`")},
	{"constraint", regexp.MustCompile(`^Check constraint '([^']+)'`)},
	{"column", regexp.MustCompile("for column `[^`]*`\\.`[^`]*`\\.`([^`]+)` at row \\d+$")},
	{"column", regexp.MustCompile(`for column '([^']+)' at row \d+$`)},
	{"column", regexp.MustCompile(`^(?:Column|Field) '([^']+)'`)},
}

func mysqlName(message string) (kind, name string) {
	for _, n := range mysqlNames {
		if found := n.in.FindStringSubmatch(message); found != nil {
			return n.kind, found[1]
		}
	}
	return "", ""
}
