package aws_test

import (
	"context"
	"errors"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/banyan-edge/banyan/api/intake/aws"
)

// trouble says what happens to a call instead of, or after, the real one.
type trouble struct {
	mu     sync.Mutex
	before func(call int) error // an error: the real call is not made
	after  func(call int) error // an error: its answer is lost
	calls  int
}

func (tr *trouble) call(real func() error) error {
	tr.mu.Lock()
	tr.calls++
	n, before, after := tr.calls, tr.before, tr.after
	tr.mu.Unlock()
	if before != nil {
		if err := before(n); err != nil {
			return err
		}
	}
	if err := real(); err != nil {
		return err
	}
	if after != nil {
		return after(n)
	}
	return nil
}

func (tr *trouble) set(before, after func(call int) error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.calls, tr.before, tr.after = 0, before, after
}

// first fails the first so many calls, all of them where n is negative.
func first(n int, err error) func(int) error {
	return func(call int) error {
		if n < 0 || call <= n {
			return err
		}
		return nil
	}
}

// flakyDB is a DynamoDB whose transactions or batch reads have trouble.
type flakyDB struct {
	aws.DynamoDB
	transact, batch trouble
}

func (f *flakyDB) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (out *dynamodb.TransactWriteItemsOutput, err error) {
	err = f.transact.call(func() error {
		out, err = f.DynamoDB.TransactWriteItems(ctx, in, opts...)
		return err
	})
	return out, err
}

func (f *flakyDB) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (out *dynamodb.BatchGetItemOutput, err error) {
	err = f.batch.call(func() error {
		out, err = f.DynamoDB.BatchGetItem(ctx, in, opts...)
		return err
	})
	return out, err
}

// flakySQS is an SQS that has trouble with sending.
type flakySQS struct {
	aws.SQS
	send trouble

	mu      sync.Mutex
	refused map[string]bool
}

var errRefused = errors.New("the queue refuses this message")

// refuse makes the queue refuse an order, or take it again.
func (f *flakySQS) refuse(id string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = map[string]bool{id: on}
}

func (f *flakySQS) refuses(body string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, on := range f.refused {
		if on && strings.Contains(body, id) {
			return true
		}
	}
	return false
}

func (f *flakySQS) SendMessage(ctx context.Context, in *sqs.SendMessageInput, opts ...func(*sqs.Options)) (out *sqs.SendMessageOutput, err error) {
	if f.refuses(sdk.ToString(in.MessageBody)) {
		return nil, errRefused
	}
	err = f.send.call(func() error {
		out, err = f.SQS.SendMessage(ctx, in, opts...)
		return err
	})
	return out, err
}

// cancelledFor is the answer to a transaction that was cancelled for a reason
// at one of its writes.
func cancelledFor(code string, at, writes int) error {
	why := make([]dbtypes.CancellationReason, writes)
	for i := range why {
		why[i].Code = sdk.String("None")
	}
	why[at].Code = sdk.String(code)
	return &dbtypes.TransactionCanceledException{CancellationReasons: why}
}
