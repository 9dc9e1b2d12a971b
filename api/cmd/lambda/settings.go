package main

import (
	"fmt"
	"strconv"

	"github.com/banyan-edge/banyan/api/lambda"
)

// Settings are what the environment says.
type Settings struct {
	// Data is the folder of the durable store; required (BANYAN_DATA).
	Data string
	// RuntimeAPI is where Lambda is (AWS_LAMBDA_RUNTIME_API); Lambda sets it.
	RuntimeAPI string
	// Adapter says how events are read: BANYAN_BASE_PATH, BANYAN_TRUSTED_HOPS and
	// BANYAN_TRUST_FORWARDED_HOST. Behind CloudFront the last two are 1 and true.
	Adapter lambda.Options
}

func readSettings(getenv func(string) string) (Settings, error) {
	s := Settings{
		Data:       getenv("BANYAN_DATA"),
		RuntimeAPI: getenv("AWS_LAMBDA_RUNTIME_API"),
		Adapter:    lambda.Options{BasePath: getenv("BANYAN_BASE_PATH")},
	}
	if s.Data == "" {
		return s, errNoStore
	}
	if text := getenv("BANYAN_TRUSTED_HOPS"); text != "" {
		hops, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return s, fmt.Errorf("BANYAN_TRUSTED_HOPS is %q, not a small whole number", text)
		}
		s.Adapter.TrustedHops = int(hops)
	}
	if text := getenv("BANYAN_TRUST_FORWARDED_HOST"); text != "" {
		trust, err := strconv.ParseBool(text)
		if err != nil {
			return s, fmt.Errorf("BANYAN_TRUST_FORWARDED_HOST is %q, neither true nor false", text)
		}
		s.Adapter.TrustForwardedHost = trust
	}
	return s, nil
}
