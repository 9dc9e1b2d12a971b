package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/banyan-edge/banyan/api/order"
)

// maxWrites is how many items a transaction may write.
const maxWrites = 100

// transact does all of the writes or none. token makes a repeat of the same
// call harmless for ten minutes; empty means that the SDK makes one up, for its
// own repeats.
func (s *Store) transact(ctx context.Context, token string, writes []types.TransactWriteItem) error {
	in := &dynamodb.TransactWriteItemsInput{TransactItems: writes}
	if token != "" {
		in.ClientRequestToken = sdk.String(token)
	}
	_, err := s.o.DynamoDB.TransactWriteItems(ctx, in)
	return err
}

// put writes a whole item.
func (s *Store) put(from any, condition string, values item) (types.TransactWriteItem, error) {
	it, err := attributevalue.MarshalMap(from)
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &s.o.Table, Item: it,
		ConditionExpression: &condition, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, err
}

// add adds to the numbers of an item, which is made where it is missing.
// Numbers that are zero are left out.
func (s *Store) add(pk string, numbers map[string]int) types.TransactWriteItem {
	var adds []string
	values := item{}
	for name, n := range numbers {
		if n != 0 {
			adds = append(adds, fmt.Sprintf("%s :%s", name, name))
			values[":"+name] = number(n)
		}
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.o.Table, Key: keyOf(pk),
		UpdateExpression: sdk.String("ADD " + strings.Join(adds, ", ")), ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// reasons returns why each write of a cancelled transaction was cancelled, or
// nil where err is something else.
func reasons(err error) []types.CancellationReason {
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return cancelled.CancellationReasons
	}
	return nil
}

// conditionFailed reports whether a write's condition did not hold.
func conditionFailed(r types.CancellationReason) bool {
	return sdk.ToString(r.Code) == "ConditionalCheckFailed"
}

// anyConditionFailed reports whether err is a transaction whose conditions did
// not hold: what it was planned on has changed.
func anyConditionFailed(err error) bool {
	for _, r := range reasons(err) {
		if conditionFailed(r) {
			return true
		}
	}
	return false
}

// transient are the answers of DynamoDB after which the same request may
// succeed, and what they are called in the metrics.
var transient = map[string]string{
	"TransactionConflict":                    "conflict",
	"TransactionConflictException":           "conflict",
	"TransactionInProgressException":         "conflict",
	"ThrottlingError":                        "throttled",
	"ThrottlingException":                    "throttled",
	"ProvisionedThroughputExceeded":          "throttled",
	"ProvisionedThroughputExceededException": "throttled",
	"RequestLimitExceeded":                   "throttled",
	"InternalServerError":                    "failed",
	"ServiceUnavailable":                     "failed",
}

// repeatable returns why an attempt that ended with err may be repeated, or "".
// What is no answer of DynamoDB at all (the connection broke) may be: every
// write here is made so that it counts once.
func repeatable(err error) string {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return "failed"
	}
	cause := transient[answer.ErrorCode()]
	for _, r := range reasons(err) {
		switch code := sdk.ToString(r.Code); {
		case code == "" || code == "None":
		case transient[code] == "":
			return ""
		default:
			cause = transient[code]
		}
	}
	return cause
}

// unavailable is the answer where DynamoDB gave none that is of use.
func unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", order.ErrUnavailable, err)
}
