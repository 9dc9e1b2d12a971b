package legacydb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

func TestMySQLVerdict_NamesWhatIsWrongAndNeverAValue(t *testing.T) {
	for _, c := range []struct {
		number         uint16
		state, message string
		want           order.Disposition
		cause          string
	}{
		{1062, "23000", "Duplicate entry 'ann@example.com' for key 'orders.email'", order.DispositionRejected,
			"the legacy database has a row with this value already (key orders.email)"},
		{1062, "23000", "Duplicate entry 'x' for key 'y' for key 'email'", order.DispositionRejected,
			"the legacy database has a row with this value already (key email)"},
		{1366, "22007", "Incorrect integer value: 'ann' for column `shop`.`orders`.`total` at row 1", order.DispositionRejected,
			"a value is not of its column's type, or holds a character that the column cannot store (column total)"},
		{1366, "HY000", "Incorrect string value: '\\xF0\\x9F' for column 'name' at row 1", order.DispositionRejected,
			"a value is not of its column's type, or holds a character that the column cannot store (column name)"},
		{3819, "HY000", "Check constraint 'stock_is_there' is violated.", order.DispositionRejected,
			"a check of the legacy database refuses the order (constraint stock_is_there)"},
		{4025, "23000", "CONSTRAINT `stock_is_there` failed for `shop`.`stock`", order.DispositionRejected,
			"a check of the legacy database refuses the order (constraint stock_is_there)"},
		{1690, "22003", "BIGINT UNSIGNED value is out of range in '(`shop`.`stock`.`on_hand` - 5)'", order.DispositionRejected,
			"a number is out of its column's range"},
		{1411, "22HY0", "Incorrect datetime value: 'ann' for function str_to_date", order.DispositionRejected, "a value does not fit"},
		{1364, "HY000", "Field 'vendor' doesn't have a default value", order.DispositionDeferred,
			"a column that has no default is not filled by any statement (column vendor)"},
		{1305, "42000", "SAVEPOINT banyan_order does not exist", order.DispositionDeferred, "the legacy database ended the transaction"},
		{1305, "42000", "PROCEDURE shop.place does not exist", order.DispositionDeferred, "a statement does not fit the legacy schema"},
		{1054, "42S22", "Unknown column 'nmbr' in 'field list'", order.DispositionDeferred, "a statement does not fit the legacy schema"},
		{9999, "HY000", "what is this", order.DispositionDeferred, "an error of the legacy database that is not known (9999)"},
	} {
		v := mysqlVerdict(&mysqldriver.MySQLError{Number: c.number, SQLState: [5]byte([]byte(c.state)), Message: c.message})
		require.Equal(t, c.want, v.disposition, c.message)
		require.Equal(t, c.cause, v.cause, c.message)
	}
}

func TestMySQLVerdict_ALegacyThatIsAwayRejectsNothing(t *testing.T) {
	for _, number := range []uint16{1021, 1040, 1045, 1053, 1114, 1203, 1226, 1290, 1836, 1927, 2006, 2013} {
		v := mysqlVerdict(&mysqldriver.MySQLError{Number: number, SQLState: [5]byte([]byte("HY000"))})
		require.Equal(t, gone(v.cause), v, "%d", number)
	}
	for _, err := range []error{driver.ErrBadConn, mysqldriver.ErrInvalidConn, context.DeadlineExceeded, fmt.Errorf("read: connection reset")} {
		require.Equal(t, gone("the legacy database cannot be reached"), (&mysql{}).classify(err))
	}
}

func TestMySQLVerdict_ATransactionThatIsRolledBackIsNotWrittenOn(t *testing.T) {
	deadlock := mysqlVerdict(&mysqldriver.MySQLError{Number: 1213, SQLState: [5]byte([]byte("40001"))})
	require.True(t, deadlock.stop && deadlock.again && !deadlock.away)
	wait := mysqlVerdict(&mysqldriver.MySQLError{Number: 1205, SQLState: [5]byte([]byte("HY000"))})
	require.True(t, wait.locked && !wait.stop)
}

func TestMySQLReturns_KnowsWhichStatementsReturnRows(t *testing.T) {
	for text, want := range map[string]bool{
		"INSERT INTO orders (number) VALUES (?)":                            false,
		"insert into orders (number) values (?) returning id":               true,
		"INSERT INTO notes VALUES ('RETURNING')":                            false,
		"INSERT INTO `returning` VALUES (?) -- RETURNING id":                false,
		"SELECT 1 FROM stock WHERE sku = ?":                                 true,
		"WITH s AS (SELECT 1) SELECT * FROM s":                              true,
		"WITH s AS (SELECT 1) SELECT * FROM s FOR UPDATE":                   true,
		"WITH s AS (SELECT 1) UPDATE stock SET on_hand = 1":                 false,
		"UPDATE counter SET n = LAST_INSERT_ID(n + 1)":                      false,
		"/* the shop's own */ CALL place_order(?)":                          false,
		"INSERT INTO stock SELECT sku, 0 FROM products WHERE sku = 'it''s'": false,
	} {
		require.Equal(t, want, mysqlReturns(text), text)
		require.NoError(t, mysqlPermitted(text))
	}
}
