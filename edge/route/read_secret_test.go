package route

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadConfig_OriginsSecretIsNamedAndNotWritten(t *testing.T) {
	cfg, findings := ReadConfig("banyan.yaml", []byte(`
origins:
  legacy: {url: https://old.internal, http2: true, secret: {header: x-origin-verify, file: legacy.secret}}
  serverless:
    url: https://api.internal
    secret:
      env: API_SECRET
`))
	require.NoError(t, findings.Err())
	require.Equal(t, Secret{Header: "x-origin-verify", File: "legacy.secret"}, cfg.Origins.Legacy.Secret)
	require.Equal(t, Secret{Header: SecretHeader, Env: "API_SECRET"}, cfg.Origins.Serverless.Secret)
	require.True(t, cfg.Origins.Legacy.HTTP2)
	require.False(t, cfg.Origins.Serverless.HTTP2)
	require.Contains(t, cfg.Origins.Legacy.words(), "secret x-origin-verify of legacy.secret")
}
