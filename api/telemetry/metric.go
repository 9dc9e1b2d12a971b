package telemetry

// Unit is what a metric's values are, in CloudWatch's words.
type Unit string

// The units in use.
const (
	Count        Unit = "Count"
	Seconds      Unit = "Seconds"
	Milliseconds Unit = "Milliseconds"
)

// Function is who emits a metric.
type Function string

// The functions.
const (
	API   Function = "api"
	Relay Function = "relay"
)

// Metric is a number that a function tells CloudWatch, by its name in the
// namespace.
type Metric struct {
	Name string
	Unit Unit
	From Function
	Stat string // the statistic that makes sense of it
	Help string
}

// The names of the metrics.
const (
	OrdersAccepted   = "OrdersAccepted"
	OrdersReplayed   = "OrdersReplayed"
	OrdersRefused    = "OrdersRefused"
	AcceptLatency    = "AcceptLatency"
	Sweeps           = "Sweeps"
	OrdersSwept      = "OrdersSwept"
	LedgerDifference = "LedgerDifference"
	OrdersWaiting    = "OrdersWaiting"
	OrdersDead       = "OrdersDead"
	OrdersWritten    = "OrdersWritten"
	OrdersDuplicate  = "OrdersDuplicate"
	OrdersDeferred   = "OrdersDeferred"
	OrdersRejected   = "OrdersRejected"
	DeadLetters      = "DeadLetters"
	OldestOrderAge   = "OldestOrderAge"
	WriteLatency     = "WriteLatency"
	ConnectionsInUse = "ConnectionsInUse"
	BreakerOpened    = "BreakerOpened"
)

// KindDimension is the one dimension there is: the code of a refusal, as in the
// API's problem (sold_out, invalid, …). OrdersRefused is told with it and
// without.
const KindDimension = "Kind"

// Metrics is the one list of what the functions tell. None but OrdersRefused has
// a dimension: each set of dimensions is a metric to pay for.
var Metrics = []Metric{
	{OrdersAccepted, Count, API, "Sum", "Orders that were made durable and answered 202."},
	{OrdersReplayed, Count, API, "Sum", "Checkouts that came again and were given the first answer."},
	{OrdersRefused, Count, API, "Sum", "Checkouts that were refused, also by Kind."},
	{AcceptLatency, Milliseconds, API, "p99", "How long intake took for an order, whatever its answer."},
	{Sweeps, Count, API, "Sum", "Sweeps of unsent orders that came to their end; less than one a minute is a fault."},
	{OrdersSwept, Count, API, "Sum", "Orders that a sweep sent, because a crash or an error had left them unsent."},
	{LedgerDifference, Count, API, "Maximum", "By how many orders the ledger is out of balance; anything but 0 is a fault."},
	{OrdersWaiting, Count, API, "Maximum", "Orders that wait for legacy, by the ledger."},
	{OrdersDead, Count, API, "Maximum", "Dead letters, by the ledger."},
	{OrdersWritten, Count, Relay, "Sum", "Orders written to legacy."},
	{OrdersDuplicate, Count, Relay, "Sum", "Orders delivered again that legacy had already."},
	{OrdersDeferred, Count, Relay, "Sum", "Messages put back, to come again later."},
	{OrdersRejected, Count, Relay, "Sum", "Orders that legacy refused for good."},
	{DeadLetters, Count, Relay, "Sum", "Messages sent to the dead-letter queue, rejected orders among them."},
	{OldestOrderAge, Seconds, Relay, "Maximum", "How long the oldest order of a batch had waited."},
	{WriteLatency, Milliseconds, Relay, "p99", "How long legacy took for one transaction."},
	{ConnectionsInUse, Count, Relay, "Maximum", "Legacy connections that one environment held at once; times its environments it is the budget in use."},
	{BreakerOpened, Count, Relay, "Sum", "Batches at whose end the breaker was open: legacy is away."},
}

// unitOf is a metric's unit. A metric that is not in the list is a mistake of
// the program.
func unitOf(name string) Unit {
	for _, m := range Metrics {
		if m.Name == name {
			return m.Unit
		}
	}
	panic("telemetry: " + name + " is not among Metrics")
}
