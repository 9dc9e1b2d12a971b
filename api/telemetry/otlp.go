package telemetry

import (
	"fmt"
	"net/url"
	"strings"
)

// OTLP says where spans go, by the environment variables that OpenTelemetry
// defines ("OpenTelemetry Protocol Exporter", OpenTelemetry specification).
type OTLP struct {
	URL     string            // empty: nowhere
	Headers map[string]string // sent with each request
	Service string            // the service's name; empty: the caller's own
}

// tracesPath is where a collector takes traces, below its address.
const tracesPath = "/v1/traces"

// ReadOTLP reads
//
//	OTEL_EXPORTER_OTLP_ENDPOINT         the collector, such as http://localhost:4318
//	OTEL_EXPORTER_OTLP_TRACES_ENDPOINT  the whole address, in place of it
//	OTEL_EXPORTER_OTLP_HEADERS          name=value, with commas between; also …_TRACES_HEADERS
//	OTEL_SERVICE_NAME                   the service
//	OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER=none, which switch it off
//
// OTEL_TRACES_SAMPLER and OTEL_RESOURCE_ATTRIBUTES are read by the SDK. An error
// names the variable; what comes with it is switched off.
func ReadOTLP(getenv func(string) string) (OTLP, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return OTLP{}, nil
	}
	either := func(name string) (value, source string) {
		source = "OTEL_EXPORTER_OTLP_TRACES_" + name
		if value = getenv(source); value == "" {
			source = "OTEL_EXPORTER_OTLP_" + name
			value = getenv(source)
		}
		return value, source
	}
	address, source := either("ENDPOINT")
	if address == "" {
		return OTLP{}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return OTLP{}, fmt.Errorf("%s is %q, which is no address of a collector; it looks like http://localhost:4318", source, address)
	}
	if source == "OTEL_EXPORTER_OTLP_ENDPOINT" {
		u = u.JoinPath(tracesPath)
	}
	if protocol, from := either("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return OTLP{}, fmt.Errorf("%s is %q, and traces are sent as http/protobuf only; a collector takes that on port 4318", from, protocol)
	}
	list, from := either("HEADERS")
	headers, err := readHeaders(list)
	if err != nil {
		return OTLP{}, fmt.Errorf("%s %w", from, err)
	}
	return OTLP{URL: u.String(), Headers: headers, Service: getenv("OTEL_SERVICE_NAME")}, nil
}

// readHeaders reads name=value pairs, the values percent-encoded. An error does
// not repeat them: they are secrets.
func readHeaders(list string) (map[string]string, error) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(list, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !found || name == "" || err != nil {
			return nil, fmt.Errorf("is not a list of name=value with commas between")
		}
		headers[name] = value
	}
	return headers, nil
}
