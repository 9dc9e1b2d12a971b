package telemetry_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/telemetry"
)

func read(env map[string]string) (telemetry.OTLP, error) {
	return telemetry.ReadOTLP(func(name string) string { return env[name] })
}

func TestReadOTLP_GoesByOpenTelemetrysVariables(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want telemetry.OTLP
	}{
		{nil, telemetry.OTLP{}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"},
			telemetry.OTLP{URL: "http://localhost:4318/v1/traces", Headers: map[string]string{}}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collect.example.com/otlp/", "OTEL_SERVICE_NAME": "shop",
			"OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, x = y"},
			telemetry.OTLP{URL: "https://collect.example.com/otlp/v1/traces", Headers: map[string]string{"api-key": "a b", "x": "y"}, Service: "shop"}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://no", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:1/here"},
			telemetry.OTLP{URL: "http://localhost:1/here", Headers: map[string]string{}}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_SDK_DISABLED": "TRUE"}, telemetry.OTLP{}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"}, telemetry.OTLP{}},
	} {
		got, err := read(c.env)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}

func TestReadOTLP_BadValuesNameTheirSourceAndTellNoSecret(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, env := range map[string]map[string]string{
		endpoint:                        {endpoint: "localhost:4318"},
		"OTEL_EXPORTER_OTLP_PROTOCOL":   {endpoint: "http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		"OTEL_EXPORTER_OTLP_HEADERS is": {endpoint: "http://localhost:4318", "OTEL_EXPORTER_OTLP_HEADERS": "hunter2"},
	} {
		got, err := read(env)
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "hunter2")
		require.Zero(t, got, "it is switched off")
	}
}

// invocation is a context as aws-lambda-go gives it to a handler.
type invocation struct {
	context.Context
	header string
}

func (c invocation) Value(key any) any {
	if key == "x-amzn-trace-id" {
		return c.header
	}
	return c.Context.Value(key)
}

func TestXRay_IsTheSpanThatLambdaNames(t *testing.T) {
	for header, want := range map[string]string{
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1":               "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=a:1:b": "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00",
		" Sampled=1 ; Root=1-5759e988-bd862e3fe1be46a994272793 ; Parent=53995c3f42cd8ad8 ":         "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
		"Root=1-5759e988-bd862e3fe1be46a994272793":                                                 "",
		"Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1":               "",
		"Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8;Sampled=1":               "",
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8-01-and-more;Sampled=1":   "",
		"":        "",
		"garbage": "",
	} {
		require.Equal(t, want, telemetry.Traceparent(telemetry.XRay(invocation{t.Context(), header})), header)
	}
}
