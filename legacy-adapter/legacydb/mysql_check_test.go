package legacydb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

func TestMySQL_CheckFindsNothingWrongWithAMappingThatFits(t *testing.T) {
	l := newMySQLLegacy(t)
	require.Empty(t, l.Check(t.Context()))
	require.Equal(t, "0", l.one("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'banyan_ledger'"),
		"it changes nothing")
}

func TestMySQL_CheckSaysWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct{ name, sql, message string }{
		{"table", "INSERT INTO ordres (number) VALUES (:id)", "ordres' doesn't exist"},
		{"column", "INSERT INTO orders (nmbr) VALUES (:id)", "Unknown column 'nmbr'"},
		{"syntax", "INSERT orders VALUES number = :id", "error in your SQL syntax"},
		{"number's name", "INSERT INTO items (order_id) VALUES (:row.number)", "statement 1 does not return this column"},
		{"transaction", "COMMIT", "COMMIT would end the transaction"},
		{"definition", "CREATE TABLE seen (number TEXT)", "CREATE would end the transaction"},
		{"engine", "INSERT INTO `notes` (number) VALUES (:id)", "the table notes is MyISAM's, which has no transactions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newMySQLLegacy(t, func(config *legacydb.Config) { config.Write[1] = legacydb.Statement{SQL: c.sql, Line: 12} })
			l.do("CREATE TABLE notes (number TEXT) ENGINE=MyISAM")
			problems := l.Check(t.Context())
			require.Len(t, problems, 1)
			require.Contains(t, problems[0].Message, c.message)
			require.Equal(t, 12, problems[0].Line)
		})
	}
}

func TestMySQL_CheckSaysThatTheLedgerCannotBeMade(t *testing.T) {
	l := newMySQLLegacy(t)
	l.do("CREATE USER app@'%'")
	t.Cleanup(func() { l.do("DROP USER app@'%'") })
	l.do("GRANT SELECT, INSERT, UPDATE ON " + l.name + ".* TO app@'%'")
	app := openLegacy(t, mysqlMapping(l.server.urlAs("app", l.name)))
	problems := app.Check(t.Context())
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Message, "this login may not make it")

	l.do("GRANT CREATE ON " + l.name + ".* TO app@'%'")
	again := openLegacy(t, mysqlMapping(l.server.urlAs("app", l.name)))
	require.Empty(t, again.Check(t.Context()))
}
