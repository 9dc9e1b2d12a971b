package environ_test

import (
	"os"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda/environ"
)

// lambda is the environment that Lambda gives to a function, and more.
func lambda(t *testing.T, more map[string]string) {
	t.Setenv("HOME", t.TempDir())
	for name, value := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "banyan", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
	} {
		t.Setenv(name, value)
	}
	for name, value := range more {
		t.Setenv(name, value)
	}
}

// settled are the options of the clients that can be compared: what is no
// function and holds none.
func settled(cfg aws.Config) map[string]any {
	found := map[string]any{}
	for service, options := range map[string]any{
		"dynamodb": dynamodb.NewFromConfig(cfg).Options(), "sqs": sqs.NewFromConfig(cfg).Options(), "s3": s3.NewFromConfig(cfg).Options(),
	} {
		v := reflect.ValueOf(options)
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			switch field.Type.Kind() {
			case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint8, reflect.Struct:
				found[service+"."+field.Name] = v.Field(i).Interface()
			}
			if address, ok := v.Field(i).Interface().(*string); ok {
				found[service+"."+field.Name] = aws.ToString(address)
			}
		}
	}
	return found
}

func TestConfig_IsWhatTheChainWouldMakeOfAFunctionsEnvironment(t *testing.T) {
	for name, more := range map[string]map[string]string{
		"plain":      nil,
		"endpoints":  {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:2"},
		"retries":    {"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "7"},
		"FIPS":       {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
		"checksums":  {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"},
		"name":       {"AWS_SDK_UA_APP_ID": "banyan"},
		"no request": {"AWS_DISABLE_REQUEST_COMPRESSION": "true"},
	} {
		t.Run(name, func(t *testing.T) {
			lambda(t, more)
			chain, err := config.LoadDefaultConfig(t.Context())
			require.NoError(t, err)
			own, err := environ.Config(t.Context(), os.Getenv)
			require.NoError(t, err)
			want := settled(chain)
			require.Greater(t, len(want), 30, "the comparison finds the options")
			require.Equal(t, want, settled(own))
			given, err := own.Credentials.Retrieve(t.Context())
			require.NoError(t, err)
			require.Equal(t, []string{"key", "secret", "session"}, []string{given.AccessKeyID, given.SecretAccessKey, given.SessionToken})
		})
	}
}

func TestConfig_LeavesToTheChainWhatOnlyTheChainKnows(t *testing.T) {
	lambda(t, map[string]string{"AWS_LAMBDA_FUNCTION_NAME": ""})
	cfg, err := environ.Config(t.Context(), os.Getenv)
	require.NoError(t, err)
	require.Greater(t, len(cfg.ConfigSources), 1, "outside of Lambda it looks into files too")
	lambda(t, map[string]string{"AWS_PROFILE": "nobody"})
	_, err = environ.Config(t.Context(), os.Getenv)
	require.ErrorContains(t, err, "nobody", "a profile that is asked for is read")
}
