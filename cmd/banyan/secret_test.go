package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
)

func TestSecretOf_IsReadFromWhereBanyanYAMLSays(t *testing.T) {
	const value = "0123456789abcdef0123456789abcdef"
	config := filepath.Join(t.TempDir(), "banyan.yaml")
	file := filepath.Join(filepath.Dir(config), "legacy.secret")
	require.NoError(t, os.WriteFile(file, []byte(value+"\n"), 0o600))
	t.Setenv("BANYAN_TEST_SECRET", value)
	for _, s := range []route.Secret{{Header: "x-a", File: "legacy.secret"}, {Header: "x-a", File: file}, {Header: "x-a", Env: "BANYAN_TEST_SECRET"}} {
		got, err := secretOf("legacy", route.Origin{Secret: s}, config)
		require.NoError(t, err)
		require.True(t, got == proxy.Secret{Header: "x-a", Value: value}, "the secret is read as it is")
	}
	got, err := secretOf("legacy", route.Origin{}, config)
	require.NoError(t, err)
	require.True(t, got == proxy.Secret{})

	_, err = secretOf("legacy", route.Origin{Secret: route.Secret{File: "missing"}}, config)
	require.ErrorContains(t, err, "origins.legacy.secret")
	_, err = secretOf("legacy", route.Origin{Secret: route.Secret{Env: "BANYAN_TEST_NO_SECRET"}}, config)
	require.ErrorContains(t, err, "BANYAN_TEST_NO_SECRET is empty")
}
