package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

var errSecret = errors.New("the secret with legacy's address is not filled")

// database asks Secrets Manager for legacy's address. What a secret holds is
// never part of an error.
func database(ctx context.Context, cfg sdk.Config, secret string) (string, error) {
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secret})
	if err != nil {
		return "", fmt.Errorf("read the secret %s: %w", secret, err)
	}
	address := strings.TrimSpace(sdk.ToString(out.SecretString))
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") && !strings.HasPrefix(address, "mysql://") {
		return "", fmt.Errorf("%w: %s holds no postgres://… or mysql://… (aws secretsmanager put-secret-value --secret-id … --secret-string …)", errSecret, secret)
	}
	return address, nil
}
