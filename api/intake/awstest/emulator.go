package awstest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Region is the one that the clients name.
const Region = "us-east-1"

// Emulator is one that runs.
type Emulator struct {
	Name string
	URL  string

	client  *http.Client
	faults  map[Deviation]string
	process *process
	gate    *gate
}

// Config is how a client of the SDK reaches the emulator.
func (e *Emulator) Config() aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(e.URL),
		HTTPClient:   e.client,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// DynamoDB returns a client.
func (e *Emulator) DynamoDB() *dynamodb.Client { return dynamodb.NewFromConfig(e.Config()) }

// SQS returns a client.
func (e *Emulator) SQS() *sqs.Client { return sqs.NewFromConfig(e.Config()) }

// S3 returns a client.
func (e *Emulator) S3() *s3.Client {
	return s3.NewFromConfig(e.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// Env is what a process's environment needs for the SDK, or a command of AWS's,
// to reach the emulator.
func (e *Emulator) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + e.URL, "AWS_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
	}
}

// Queue makes a queue with a name of its own and returns its URL. A FIFO
// queue's attributes say so.
func (e *Emulator) Queue(t testing.TB, attributes map[string]string) string {
	t.Helper()
	name := Name("queue")
	if attributes["FifoQueue"] == "true" {
		name += ".fifo"
	}
	out, err := e.SQS().CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatalf("make queue %s on %s: %v", name, e.Name, err)
	}
	t.Cleanup(func() {
		_, err := e.SQS().DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
		if err != nil {
			t.Errorf("delete queue %s on %s: %v", name, e.Name, err)
		}
	})
	return *out.QueueUrl
}

var names struct {
	mu   sync.Mutex
	last int
}

// Name returns a name that no other test of this binary has.
func Name(prefix string) string {
	names.mu.Lock()
	defer names.mu.Unlock()
	names.last++
	return fmt.Sprintf("%s-%d", prefix, names.last)
}

func (e *Emulator) stop() error {
	e.client.CloseIdleConnections()
	if e.gate != nil {
		e.gate.stop()
	}
	return e.process.stop()
}
