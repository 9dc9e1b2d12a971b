package main

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// awsConfig is how AWS is reached: as its own tools reach it, or at the endpoint
// of an emulator.
func awsConfig(ctx context.Context, endpointURL string) (sdk.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return cfg, withHint(fmt.Errorf("read AWS's configuration: %w", err), "AWS_PROFILE and AWS_REGION choose another; ~/.aws/config holds them")
	}
	if endpointURL != "" {
		cfg.BaseEndpoint = sdk.String(endpointURL)
	}
	return cfg, nil
}
