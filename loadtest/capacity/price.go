package capacity

// PricesOf is when the prices were read, for us-east-1 in US dollars, before
// free tiers. They change: look at the page that stands beside each before
// money is spent on them.
const PricesOf = "2026-11"

// Price is one line of AWS's price lists.
type Price struct {
	Service string  `json:"service"`
	What    string  `json:"what"`
	USD     float64 `json:"usd"` // for one unit
	Source  string  `json:"source"`
}

// The prices, one table. The source is the service's own pricing page.
var prices = struct {
	edgeRequest, edgeOut, edgeFunction, edgeRead, edgeFirewall, firewallMonth,
	api, run, runTime, warmTime,
	queue, fifo, write, read, storage, recovery,
	logs, metric, alarm, trace, secret Price
}{
	edgeRequest:   Price{"CloudFront", "HTTPS requests", 1.00e-6, cloudFrontPage},
	edgeOut:       Price{"CloudFront", "GB out", 0.085, cloudFrontPage},
	edgeFunction:  Price{"CloudFront", "function runs", 0.10e-6, cloudFrontPage},
	edgeRead:      Price{"CloudFront", "key-value reads", 0.03e-6, cloudFrontPage},
	edgeFirewall:  Price{"WAF", "requests", 0.60e-6, "https://aws.amazon.com/waf/pricing/"},
	firewallMonth: Price{"WAF", "one ACL with five rules, a month", 10, "https://aws.amazon.com/waf/pricing/"},
	api:           Price{"API Gateway", "HTTP API requests", 1.00e-6, "https://aws.amazon.com/api-gateway/pricing/"},
	run:           Price{"Lambda", "invocations", 0.20e-6, lambdaPage},
	runTime:       Price{"Lambda", "GB-seconds, arm64", 0.0000133334, lambdaPage},
	warmTime:      Price{"Lambda", "GB-seconds kept warm, arm64", 0.0000033334, lambdaPage},
	queue:         Price{"SQS", "standard requests", 0.40e-6, queuePage},
	fifo:          Price{"SQS", "FIFO requests", 0.50e-6, queuePage},
	write:         Price{"DynamoDB", "write units", 0.625e-6, tablePage},
	read:          Price{"DynamoDB", "read units", 0.125e-6, tablePage},
	storage:       Price{"DynamoDB", "GB stored, a month", 0.25, tablePage},
	recovery:      Price{"DynamoDB", "GB with point-in-time recovery, a month", 0.20, tablePage},
	logs:          Price{"CloudWatch", "GB of logs", 0.50, watchPage},
	metric:        Price{"CloudWatch", "own metrics, a month", 0.30, watchPage},
	alarm:         Price{"CloudWatch", "alarms, a month", 0.10, watchPage},
	trace:         Price{"X-Ray", "traces recorded", 5e-6, "https://aws.amazon.com/xray/pricing/"},
	secret:        Price{"Secrets Manager", "secrets, a month", 0.40, "https://aws.amazon.com/secrets-manager/pricing/"},
}

// The pages that prices are read from.
const (
	cloudFrontPage = "https://aws.amazon.com/cloudfront/pricing/"
	lambdaPage     = "https://aws.amazon.com/lambda/pricing/"
	queuePage      = "https://aws.amazon.com/sqs/pricing/"
	tablePage      = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
	watchPage      = "https://aws.amazon.com/cloudwatch/pricing/"
)
