package publish

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	kvs "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore"
	"github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore/types"
)

// ErrStopped: the user stopped it. The call in hand was finished.
var ErrStopped = errors.New("stopped")

// caller makes calls for one run, and counts them. A stop is heeded between
// calls, never within one.
type caller struct {
	*Publisher
	calls int
}

// try makes one call until it is carried out, refused, or in doubt. What is in
// doubt may be repeated where repeatable is set: reads are, writes are not.
func (c *caller) try(ctx context.Context, repeatable bool, call func(context.Context) error) (outcome, error) {
	for n := 0; ; n++ {
		if ctx.Err() != nil {
			return refused, ErrStopped
		}
		c.calls++
		inHand, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		err := call(inHand)
		cancel()
		o := outcomeOf(err)
		again := o == throttled || o == uncertain && repeatable
		if !again || n+1 == callTries {
			return o, explained(err)
		}
		c.log.Warn("the key-value store did not answer; trying again", "error", explained(err), "try", n+1)
		if err := c.backOff(ctx, n); err != nil {
			return refused, err
		}
	}
}

// backOff waits before the n-th repetition, about twice as long as before the
// last, and not in step with anybody else.
func (c *caller) backOff(ctx context.Context, n int) error {
	wait := min(firstBackoff<<min(n, 10), maxBackoff)
	if err := c.sleep(ctx, wait/2+rand.N(wait/2)); err != nil {
		return ErrStopped
	}
	return nil
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (c *caller) describe(ctx context.Context) (out *kvs.DescribeKeyValueStoreOutput, err error) {
	_, err = c.try(ctx, true, func(ctx context.Context) (err error) {
		out, err = c.client.DescribeKeyValueStore(ctx, &kvs.DescribeKeyValueStoreInput{KvsARN: &c.store})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("describe the store: %w", err)
	}
	if status := aws.ToString(out.Status); status != "" && status != "READY" {
		return nil, fmt.Errorf("%w: it is %s %s", ErrNoStore, status, aws.ToString(out.FailureReason))
	}
	return out, nil
}

// list returns all items. While somebody writes they may be of two tables; who
// calls it compares the ETag before and after.
func (c *caller) list(ctx context.Context) (map[string]string, error) {
	items := make(map[string]string)
	in := &kvs.ListKeysInput{KvsARN: &c.store, MaxResults: aws.Int32(ItemsPerPage)}
	for {
		var out *kvs.ListKeysOutput
		_, err := c.try(ctx, true, func(ctx context.Context) (err error) {
			out, err = c.client.ListKeys(ctx, in)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list the store's items: %w", err)
		}
		for _, item := range out.Items {
			items[aws.ToString(item.Key)] = aws.ToString(item.Value)
		}
		if aws.ToString(out.NextToken) == "" {
			return items, nil
		}
		in.NextToken = out.NextToken
	}
}

// get returns one item; ok says that it is there.
func (c *caller) get(ctx context.Context, key string) (value string, ok bool, err error) {
	_, err = c.try(ctx, true, func(ctx context.Context) error {
		out, err := c.client.GetKey(ctx, &kvs.GetKeyInput{KvsARN: &c.store, Key: &key})
		if err == nil {
			value = aws.ToString(out.Value)
		}
		return err
	})
	switch {
	case errors.Is(err, ErrNoStore):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("read the item %s: %w", key, err)
	}
	return value, true, nil
}

// update makes one call of an order and returns the store's next ETag.
func (c *caller) update(ctx context.Context, etag string, b batch) (next string, o outcome, err error) {
	in := &kvs.UpdateKeysInput{KvsARN: &c.store, IfMatch: &etag}
	for _, w := range b {
		if w.delete {
			in.Deletes = append(in.Deletes, types.DeleteKeyRequestListItem{Key: aws.String(w.key)})
		} else {
			in.Puts = append(in.Puts, types.PutKeyRequestListItem{Key: aws.String(w.key), Value: aws.String(w.value)})
		}
	}
	var out *kvs.UpdateKeysOutput
	o, err = c.try(ctx, false, func(ctx context.Context) (err error) {
		out, err = c.client.UpdateKeys(ctx, in)
		return err
	})
	if err != nil {
		return "", o, fmt.Errorf("write %d items: %w", len(b), err)
	}
	return aws.ToString(out.ETag), succeeded, nil
}
