package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is an item of the table as the SDK has it.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func keyOf(pk string) item { return item{"pk": text(pk)} }

// get reads one item, with everything written before, and reports whether it is
// there.
func (s *Store) get(ctx context.Context, pk string, into any) (bool, error) {
	out, err := s.o.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.o.Table, Key: keyOf(pk), ConsistentRead: sdk.Bool(true),
	})
	if err != nil || out.Item == nil {
		return false, err
	}
	return true, attributevalue.UnmarshalMap(out.Item, into)
}

// batchLimit is how many items BatchGetItem reads at once.
const batchLimit = 100

// getMany reads the items that are there, each with everything written before,
// but not all at one moment.
func (s *Store) getMany(ctx context.Context, pks []string) (map[string]item, error) {
	found := make(map[string]item, len(pks))
	for part := range slices.Chunk(pks, batchLimit) {
		if err := s.getBatch(ctx, part, found, nil, nil); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// getBatch reads at most batchLimit items; parts says which attributes, nil all.
func (s *Store) getBatch(ctx context.Context, pks []string, found map[string]item, parts *string, names map[string]string) error {
	keys := make([]item, len(pks))
	for i, pk := range pks {
		keys[i] = keyOf(pk)
	}
	ask := map[string]types.KeysAndAttributes{s.o.Table: {
		Keys: keys, ConsistentRead: sdk.Bool(true), ProjectionExpression: parts, ExpressionAttributeNames: names,
	}}
	for pause := s.newPause(); len(ask) > 0; {
		out, err := s.o.DynamoDB.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask})
		if err != nil {
			return err
		}
		for _, it := range out.Responses[s.o.Table] {
			if pk, ok := it["pk"].(*types.AttributeValueMemberS); ok {
				found[pk.Value] = it
			}
		}
		if ask = out.UnprocessedKeys; len(ask) > 0 && !pause.next(ctx, "throttled") {
			return errors.Join(errors.New("some items were not read"), ctx.Err())
		}
	}
	return nil
}

// span is a part of an index: a hash key and the sort keys between two, both
// included.
type span struct {
	index, hash, sort string // names
	key, from, to     string
	newestFirst       bool
}

// query calls each with the keys of the span's items, in order, until it
// returns false. An index lags behind the table by some milliseconds.
func (s *Store) query(ctx context.Context, sp span, page int, each func(pk, sort string) (bool, error)) error {
	in := &dynamodb.QueryInput{
		TableName: &s.o.Table, IndexName: &sp.index,
		KeyConditionExpression:    sdk.String(fmt.Sprintf("%s = :key AND %s BETWEEN :from AND :to", sp.hash, sp.sort)),
		ExpressionAttributeValues: item{":key": text(sp.key), ":from": text(sp.from), ":to": text(sp.to)},
		ScanIndexForward:          sdk.Bool(!sp.newestFirst),
		Limit:                     sdk.Int32(int32(page)),
	}
	for {
		out, err := s.o.DynamoDB.Query(ctx, in)
		if err != nil {
			return err
		}
		for _, it := range out.Items {
			var keys map[string]string
			if err := attributevalue.UnmarshalMap(it, &keys); err != nil {
				return err
			}
			if more, err := each(keys["pk"], keys[sp.sort]); !more || err != nil {
				return err
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return nil
		}
	}
}
