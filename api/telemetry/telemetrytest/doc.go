// Package telemetrytest is who listens to a function in tests: an OpenTelemetry
// collector on a real socket, and a reader of CloudWatch's embedded metric
// format that is as strict as its specification.
package telemetrytest
