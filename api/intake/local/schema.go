package local

import (
	_ "embed"
	"fmt"
)

//go:embed schema.sql
var schema string

//go:embed schema_audit.sql
var schemaAudit string

//go:embed schema_listings.sql
var schemaListings string

// migrations takes a file from version i to version i+1, where the version is
// SQLite's user_version. Entries are only ever added.
func migrations() []string { return []string{schema, schemaAudit, schemaListings} }

// migrate brings the file to the newest version, each step in one transaction.
func migrate(c *conn) error {
	version, err := c.queryInt("PRAGMA user_version")
	if err != nil {
		return err
	}
	steps := migrations()
	if int(version) > len(steps) {
		return fmt.Errorf("its schema is version %d and this program knows up to %d: it was made by a newer banyan", version, len(steps))
	}
	for i := int(version); i < len(steps); i++ {
		step := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", steps[i], i+1)
		if err := c.run(step); err != nil {
			return fmt.Errorf("bring its schema to version %d: %w", i+1, err)
		}
	}
	return nil
}
