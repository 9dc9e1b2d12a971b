package sqs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// hidden is a message and the time for which nobody is to receive it.
type hidden struct {
	Message
	wanted time.Duration
}

// hide puts messages back for a while. One that cannot be hidden so comes back
// when its present time is over: nothing is lost by that. The later ones of a
// group go first: a group is locked while any of its messages is hidden, so when
// the first one is visible the others are to be already.
func (d *desk) hide(ctx context.Context, all []hidden) {
	for i := range all {
		all[i].wanted = hiddenFor(all[i].Receives, all[i].wanted)
	}
	slices.Reverse(all)
	d.count("hidden", len(all))
	d.changeVisibility(ctx, all)
}

func (d *desk) changeVisibility(ctx context.Context, all []hidden) {
	for part := range slices.Chunk(all, maxBatch) {
		in := &awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: &d.o.Queue}
		for i, h := range part {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(h.Handle),
				VisibilityTimeout: int32(h.wanted / time.Second),
			})
		}
		out, err := d.o.Client.ChangeMessageVisibilityBatch(ctx, in)
		if err != nil {
			d.log.Warn("messages not hidden", "messages", len(part), "err", err)
			continue
		}
		for _, f := range out.Failed {
			d.log.Warn("message not hidden", "code", aws.ToString(f.Code), "err", aws.ToString(f.Message))
		}
	}
}
