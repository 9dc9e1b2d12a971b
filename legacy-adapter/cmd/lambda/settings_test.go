package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// settingsOf reads settings from what is set, over what is always needed.
func settingsOf(set map[string]string) (Settings, error) {
	env := map[string]string{
		"BANYAN_QUEUE": "https://sqs/q.fifo", "BANYAN_DEAD_LETTERS": "https://sqs/d.fifo", "BANYAN_TABLE": "orders",
		"BANYAN_LEGACY": legacySection, "LAMBDA_TASK_ROOT": "/var/task",
	}
	for name, value := range set {
		env[name] = value
	}
	return readSettings(func(name string) string { return env[name] })
}

func TestSettings_EnvironmentsTogetherStayWithinTheBudget(t *testing.T) {
	s, err := settingsOf(nil)
	require.NoError(t, err)
	require.Equal(t, 1, s.Connections, "one batch at a time needs one")
	require.Equal(t, 1, s.Legacy.Connections, "the pool's limit is this environment's share")
	require.Equal(t, "sqlite:/var/task/legacy.db", s.Legacy.Database)

	s, err = settingsOf(map[string]string{"BANYAN_CONCURRENCY": "2", "BANYAN_LEGACY_CONNECTIONS": "2"})
	require.NoError(t, err)
	require.Equal(t, 2, s.Legacy.Connections)

	_, err = settingsOf(map[string]string{"BANYAN_CONCURRENCY": "5"})
	require.EqualError(t, err, "1 connections in each of 5 environments are 5, and legacy.connections is 4")
	require.Contains(t, hintFor(err), "maximum concurrency")
}

func TestSettings_TheLegacySectionMayComeFromBanyanYAML(t *testing.T) {
	file := filepath.Join(t.TempDir(), "banyan.yaml")
	text := "storefront: https://shop.example.com\nlegacy:\n  database: sqlite:old.db\n  connections: 8\n  write:\n    - sql: INSERT INTO orders (number) VALUES (:id)\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	s, err := settingsOf(map[string]string{"BANYAN_LEGACY": "", "BANYAN_CONFIG": file})
	require.NoError(t, err)
	require.Equal(t, "sqlite:"+filepath.Join(filepath.Dir(file), "old.db"), s.Legacy.Database)

	_, err = settingsOf(map[string]string{"BANYAN_LEGACY": "", "LAMBDA_TASK_ROOT": t.TempDir()})
	require.ErrorContains(t, err, "there is no")
	require.Contains(t, hintFor(err), "BANYAN_CONFIG")
}

func TestSettings_BadValuesNameTheirSource(t *testing.T) {
	for name, bad := range map[string]string{
		"BANYAN_QUEUE": "", "BANYAN_DEAD_LETTERS": "", "BANYAN_TABLE": "",
		"BANYAN_LEGACY_CONNECTIONS": "0", "BANYAN_CONCURRENCY": "many", "BANYAN_LEGACY": "write: [",
	} {
		_, err := settingsOf(map[string]string{name: bad})
		require.ErrorContains(t, err, name)
	}
}

func TestShares_AWriteEndsBeforeItsInvocationDoes(t *testing.T) {
	for _, total := range []time.Duration{time.Second, 3 * time.Second, 30 * time.Second, 15 * time.Minute} {
		ctx, cancel := context.WithTimeout(t.Context(), total)
		s := sharesOf(ctx)
		cancel()
		require.Positive(t, s.hold)
		require.Positive(t, s.write)
		require.Less(t, s.hold+s.write, s.all, "time is left to tell the table and the queue")
		require.Less(t, s.all, total, "and to answer")
	}
}
