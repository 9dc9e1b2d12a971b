package aws

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

//go:embed table.json
var tableProperties []byte

//go:embed queue_fifo.json
var fifoProperties []byte

//go:embed queue_standard.json
var standardProperties []byte

// TableProperties is the table as the properties of an AWS::DynamoDB::Table,
// without a name.
func TableProperties() json.RawMessage { return json.RawMessage(tableProperties) }

// QueueKind is the kind of queue that a Store sends to.
type QueueKind uint8

// The kinds of queue; see the package's documentation for what each gives.
const (
	FIFO     QueueKind = iota // high-throughput FIFO
	Standard                  // standard, fair where messages name a tenant
)

// Properties is such a queue as the properties of an AWS::SQS::Queue, without a
// name, a visibility timeout and a redrive policy, which are the relay's matter.
func (k QueueKind) Properties() json.RawMessage {
	if k == Standard {
		return json.RawMessage(standardProperties)
	}
	return json.RawMessage(fifoProperties)
}

// Attributes is the same for CreateQueue.
func (k QueueKind) Attributes() (map[string]string, error) {
	var properties map[string]any
	if err := json.Unmarshal(k.Properties(), &properties); err != nil {
		return nil, fmt.Errorf("read queue properties: %w", err)
	}
	attributes := make(map[string]string, len(properties))
	for name, value := range properties {
		if number, ok := value.(float64); ok {
			value = int64(number)
		}
		attributes[name] = fmt.Sprint(value)
	}
	return attributes, nil
}

// TableMaker is the part of the SDK's client that CreateTable calls.
type TableMaker interface {
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
}

// CreateTable makes a table as TableProperties says, for tests and for a first
// try without CloudFormation: without deletion protection and backups.
func CreateTable(ctx context.Context, db TableMaker, name string) error {
	var properties struct {
		dynamodb.CreateTableInput
		TimeToLiveSpecification types.TimeToLiveSpecification
	}
	if err := json.Unmarshal(tableProperties, &properties); err != nil {
		return fmt.Errorf("read table properties: %w", err)
	}
	in := properties.CreateTableInput
	in.TableName, in.DeletionProtectionEnabled = sdk.String(name), nil
	if _, err := db.CreateTable(ctx, &in); err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	_, err := db.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: in.TableName, TimeToLiveSpecification: &properties.TimeToLiveSpecification,
	})
	if err != nil {
		return fmt.Errorf("set time to live of table %s: %w", name, err)
	}
	return nil
}
