//go:build !nofolder

package main

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/banyan-edge/banyan/api/intake/local"
)

// storeName is the store's file in BANYAN_DATA, the same that "banyan up" has.
const storeName = "intake.db"

// openFolder opens the store of a folder.
func openFolder(ctx context.Context, folder string, log *slog.Logger) (store, error) {
	l, err := local.Open(ctx, local.Options{Path: filepath.Join(folder, storeName), Logger: log})
	if err != nil {
		return store{}, err
	}
	return store{Orders: l, seed: l.SeedStock, close: l.Close}, nil
}
