package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/banyan-edge/banyan/api/order"
)

// maxItemBytes is how large a body may be in its item, which together with the
// rest may have 400 KB.
const maxItemBytes = 320 << 10

// keepBody puts a body into the bucket that fits no item or no message. It is
// put before the transaction, so that an order is never without its body; where
// the order is then refused, dropBody takes it out again.
func (s *Store) keepBody(ctx context.Context, e *entry) error {
	if s.small(e.body) {
		return nil
	}
	if err := s.keep(ctx, objectOf(e.order.ID), e.body); err != nil {
		return err
	}
	e.bodyAt = objectOf(e.order.ID)
	return nil
}

// small reports whether a body fits an item and a message.
func (s *Store) small(body []byte) bool { return len(body) <= min(maxItemBytes, s.o.MessageBytes) }

// keep puts a body into the bucket.
func (s *Store) keep(ctx context.Context, object string, body []byte) error {
	if s.o.Bucket == "" {
		return invalid("body", fmt.Sprintf("is an order of more than %d bytes", min(maxItemBytes, s.o.MessageBytes)))
	}
	_, err := s.o.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.o.Bucket, Key: &object,
		Body: bytes.NewReader(body), ContentType: sdk.String("application/json"),
	})
	if err != nil {
		return unavailable(ctx, fmt.Errorf("keep the order's body: %w", err))
	}
	return nil
}

// setBody says where the order's body is: in the item where it fits, and in the
// object where there is one.
func (it *orderItem) setBody(body []byte, object string) {
	it.Body, it.BodyAt = string(body), object
	if object != "" && len(body) > maxItemBytes {
		it.Body = ""
	}
}

// objectOf is the key of an order's object.
func objectOf(id string) string { return "orders/" + id + ".json" }

// editedObject is the key of an order's object after it was changed: objects are
// never overwritten, as the audit keeps what was before.
func editedObject(id string, rev int) string { return fmt.Sprintf("orders/%s.%d.json", id, rev) }

// isObjectOf reports whether a key may be of an order's body.
func isObjectOf(id, object string) bool {
	return order.ValidID(id) && strings.HasPrefix(object, "orders/"+id+".") && strings.HasSuffix(object, ".json")
}

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
