package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// maxItemBytes is how large a body may be in its item, which together with the
// rest may have 400 KB.
const maxItemBytes = 320 << 10

// keepBody puts a body into the bucket that fits no item or no message. It is
// put before the transaction, so that an order is never without its body; where
// the order is then refused, dropBody takes it out again.
func (s *Store) keepBody(ctx context.Context, e *entry) error {
	limit := min(maxItemBytes, s.o.MessageBytes)
	if len(e.body) <= limit {
		return nil
	}
	if s.o.Bucket == "" {
		return invalid("body", fmt.Sprintf("is an order of more than %d bytes", limit))
	}
	_, err := s.o.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.o.Bucket, Key: sdk.String(objectOf(e.order.ID)),
		Body: bytes.NewReader(e.body), ContentType: sdk.String("application/json"),
	})
	if err != nil {
		return unavailable(ctx, fmt.Errorf("keep the order's body: %w", err))
	}
	e.bodyAt = objectOf(e.order.ID)
	return nil
}

// objectOf is the key of an order's object.
func objectOf(id string) string { return "orders/" + id + ".json" }

// dropBody removes the body of an order that was not accepted. Where that fails
// it is logged and the object stays: a rule of the bucket can remove the old.
func (s *Store) dropBody(ctx context.Context, e *entry) {
	if e.bodyAt == "" {
		return
	}
	_, err := s.o.S3.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &s.o.Bucket, Key: &e.bodyAt})
	if err != nil {
		s.log.Warn("body of a refused order not removed", "order_id", e.order.ID, "error", err)
	}
}

// body returns an order's JSON, from its item or from the bucket.
func (s *Store) body(ctx context.Context, it *orderItem) ([]byte, error) {
	if it.Body != "" {
		return []byte(it.Body), nil
	}
	return s.fetch(ctx, s.o.Bucket, it.BodyAt)
}

func (s *Store) fetch(ctx context.Context, bucket, object string) ([]byte, error) {
	if s.o.S3 == nil {
		return nil, fmt.Errorf("read %s: no bucket is configured", object)
	}
	out, err := s.o.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &object})
	if err != nil {
		return nil, unavailable(ctx, fmt.Errorf("read %s: %w", object, err))
	}
	body, err := io.ReadAll(out.Body)
	return body, errors.Join(err, out.Body.Close())
}
