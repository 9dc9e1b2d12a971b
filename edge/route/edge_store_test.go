package route

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadConfig_KnowsTheEdgesStore(t *testing.T) {
	const arn = "arn:aws:cloudfront::123456789012:key-value-store/6c1f2a30-0000-4000-8000-7d2b0f9e5a11"
	cfg, findings := ReadConfig("banyan.yaml", []byte("edge: {store: \""+arn+"\"}\n"))
	require.Empty(t, findings)
	require.Equal(t, arn, cfg.Edge.Store)

	table, findings := Compile(cfg, nil, 1)
	require.Empty(t, findings)
	require.Contains(t, Diff(nil, table), Difference{Subject: "edge", Name: "edge store", What: "none → " + arn})
}
