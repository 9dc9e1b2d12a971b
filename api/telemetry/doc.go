// Package telemetry is what the Lambda functions tell of themselves: metrics as
// log lines and traces as spans. Neither costs anything before the first
// invocation.
//
//	Reporter.Begin → Report.Add … → Report.End → one line for CloudWatch
//	Tracer.Start → span … → Tracer.Flush → the collector beside the function
//
// Metrics are in CloudWatch's embedded metric format: JSON on standard output,
// of which CloudWatch makes numbers, without an agent or a call. Metrics lists
// them all; an invocation writes one line at most, and none that has nothing to
// say. A function whose log format is JSON has its lines sorted out by level:
// these have none, which Lambda takes for INFO, so ApplicationLogLevel is to
// stay at INFO or below. In the format Text, which the stacks use, no line is
// held back.
//
// Traces follow W3C Trace Context from the edge through the API, in the order
// itself through the queue, to the write into legacy. They are sent to an
// OpenTelemetry collector where one is named (see OTLP), before an invocation
// ends: an environment is frozen right after it, and what was left for later
// would be told with the next, or never. The wait is bounded by FlushTimeout,
// and a collector that is away is not asked again for CollectorRest.
package telemetry
