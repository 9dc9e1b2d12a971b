package publish

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	kvs "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore"
	"github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore/types"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish/kvstest"
)

// roundTrip is an http.Client's transport that never leaves the test.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestClient_AsksTheAccountsOwnHostAndSignsForEveryRegion(t *testing.T) {
	for endpoint, host := range map[string]string{
		"":                            "123456789012.cloudfront-kvs.global.api.aws",
		"http://127.0.0.1:4566":       "127.0.0.1:4566",
		"http://[::1]:4566":           "[::1]:4566",
		"http://localhost:4566":       "localhost:4566",
		"https://kvs.example.com/aws": "123456789012.kvs.example.com",
	} {
		var asked *http.Request
		cfg := aws.Config{
			Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
			HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				asked = r
				return nil, errors.New("the test ends here")
			})},
		}
		if endpoint != "" {
			cfg.BaseEndpoint = &endpoint
		}
		_, err := NewClient(cfg).DescribeKeyValueStore(t.Context(), &kvs.DescribeKeyValueStoreInput{KvsARN: aws.String(kvstest.ARN)})
		require.ErrorContains(t, err, "the test ends here")
		require.Equal(t, host, asked.URL.Host, endpoint)
		require.True(t, strings.HasPrefix(asked.Header.Get("Authorization"), "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/"))
		require.Equal(t, "*", asked.Header.Get("X-Amz-Region-Set"))
	}
}

func TestClient_RefusesTheNameOfSomethingElse(t *testing.T) {
	s := kvstest.Start(t)
	p := publisher(t, s, func(o *Options) { o.Store = "arn:aws:s3:::a-bucket" })
	_, err := p.Read(t.Context())
	require.ErrorContains(t, err, "not a valid CloudFront Service ARN")
	require.Empty(t, s.Calls())
}

func TestOutcome_OfEveryKindOfError(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want outcome
	}{
		{"none", nil, succeeded},
		{"conflict", &types.ConflictException{}, conflicted},
		{"validation that names the ETag", &types.ValidationException{Message: aws.String("The If-Match version is not valid")}, conflicted},
		{"another validation", &types.ValidationException{Message: aws.String("key too long")}, refused},
		{"full", &types.ServiceQuotaExceededException{}, refused},
		{"no credentials", errors.New("failed to refresh cached credentials"), refused},
		{"too late", context.DeadlineExceeded, uncertain},
	} {
		require.Equal(t, c.want, outcomeOf(c.err), c.name)
	}
}

func TestRefusal_IsSaidInFewWords(t *testing.T) {
	s := kvstest.Start(t)
	var log bytes.Buffer
	p := publisher(t, s, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	s.Fail(func(string, int) kvstest.Fault { return kvstest.Lose })
	_, err := p.Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.EqualError(t, err, "publish epoch 12: describe the store: no answer from "+strings.TrimPrefix(s.URL, "http://")+": EOF")
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, callTries-1, strings.Count(log.String(), "trying again"))

	s.Fail(func(string, int) kvstest.Fault { return kvstest.Throttle })
	_, err = p.Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.ErrorContains(t, err, "describe the store: ThrottlingException Rate exceeded")
}

func TestFileMemory_CountsOnlyWhatIsWhole(t *testing.T) {
	m := FileMemory{Path: filepath.Join(t.TempDir(), "data", "published.json")}
	_, ok := m.Recall("arn")
	require.False(t, ok)
	kept := published(shards(12, 5))
	m.Keep(kept)
	got, ok := m.Recall("arn")
	require.True(t, ok)
	require.Equal(t, kept, got)
	_, ok = m.Recall("another")
	require.False(t, ok)

	text, err := os.ReadFile(m.Path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(m.Path, bytes.Replace(text, []byte("rod-1 "), []byte("rod-2 "), 1), 0o600))
	_, ok = m.Recall("arn")
	require.False(t, ok, "one letter is another")
}
