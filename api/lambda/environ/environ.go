// Package environ is the AWS SDK's configuration of a Lambda function.
//
// A function's Region and its role's credentials are in its environment. The
// SDK's usual chain finds them there too, after having prepared for every other
// place where they could be: three milliseconds of each start, and of each
// shopper's wait. Outside of Lambda that chain is what is used.
package environ

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Config returns the configuration for the SDK's clients. It asks nothing of
// AWS. Where the environment holds more than a function's own does (a profile,
// files, a bundle of certificates, a mode of defaults), the SDK's chain reads it.
func Config(ctx context.Context, getenv func(string) string) (aws.Config, error) {
	env, err := config.NewEnvConfig()
	if err != nil {
		return aws.Config{}, fmt.Errorf("read AWS configuration: %w", err)
	}
	if getenv("AWS_LAMBDA_FUNCTION_NAME") == "" || !complete(env) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return aws.Config{}, fmt.Errorf("read AWS configuration: %w", err)
		}
		return cfg, nil
	}
	return fromEnvironment(env), nil
}

// complete reports whether the environment says all that is needed, and nothing
// that only the chain understands.
func complete(env config.EnvConfig) bool {
	return env.Region != "" && env.Credentials.HasKeys() &&
		env.SharedConfigProfile == "" && env.SharedConfigFile == "" && env.SharedCredentialsFile == "" &&
		env.CustomCABundle == "" && env.DefaultsMode == "" && env.IgnoreConfiguredEndpoints == nil &&
		env.DisableClockSkewCorrection == nil && env.AccountIDEndpointMode == ""
}

// fromEnvironment is what the chain makes of such an environment.
func fromEnvironment(env config.EnvConfig) aws.Config {
	cfg := aws.Config{
		Region:                     env.Region,
		Credentials:                credentials.StaticCredentialsProvider{Value: env.Credentials},
		HTTPClient:                 awshttp.NewBuildableClient(),
		RetryMaxAttempts:           env.RetryMaxAttempts,
		RetryMode:                  env.RetryMode,
		DefaultsMode:               aws.DefaultsModeLegacy,
		AppID:                      env.AppID,
		AccountIDEndpointMode:      aws.AccountIDEndpointModePreferred,
		RequestChecksumCalculation: env.RequestChecksumCalculation,
		ResponseChecksumValidation: env.ResponseChecksumValidation,
		ConfigSources:              []any{env},
	}
	if cfg.RequestChecksumCalculation == aws.RequestChecksumCalculationUnset {
		cfg.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
	}
	if cfg.ResponseChecksumValidation == aws.ResponseChecksumValidationUnset {
		cfg.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	}
	if env.BaseEndpoint != "" {
		cfg.BaseEndpoint = aws.String(env.BaseEndpoint)
	}
	return cfg
}
