//go:build nofolder

package main

import (
	"context"
	"log/slog"
)

// openFolder says that there is no SQLite in this function: what is deployed
// keeps its orders in a table, and starts the quicker.
func openFolder(context.Context, string, *slog.Logger) (store, error) {
	return store{}, errNoFolder
}
