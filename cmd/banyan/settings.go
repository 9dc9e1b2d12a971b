package main

import (
	"fmt"

	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// legacySettings reads the legacy section of the banyan.yaml at path config. A
// database file is beside banyan.yaml unless its path is absolute.
func legacySettings(cfg *route.Config, config string) (legacydb.Config, error) {
	if cfg.Legacy == nil {
		return legacydb.Config{}, nil
	}
	settings, err := legacydb.ParseConfig(cfg.File, cfg.Legacy)
	if err != nil {
		return legacydb.Config{}, fmt.Errorf("read the legacy section: %w", err)
	}
	settings.Database = localPath(settings.Database, config)
	return settings, nil
}
