package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/banyan-edge/banyan/cloudformation/deploy"
)

type removeCommand struct {
	installationFlags
	Yes   bool `help:"Remove it; without it only what would go is said." short:"y"`
	Force bool `help:"Go on while orders wait, or while the storefront's names still point to CloudFront."`
}

// Run takes the installation away. What holds orders stays.
func (c removeCommand) Run(ctx context.Context, place Place, term terminal) error {
	account, err := c.open(ctx, term)
	if err != nil {
		return err
	}
	if err := c.safe(ctx, account, place); err != nil {
		if !c.Force {
			return err
		}
		term.say("going on in spite of this: %v", err)
	}
	backwards := slices.Backward(append([]string{artifactsPart}, parts...))
	if !c.Yes {
		for _, part := range backwards {
			term.say("%s would be removed", c.stack(part))
		}
		term.say("\nNothing was removed; the table, the queues and the buckets of orders would stay. banyan remove --yes does it.")
		return nil
	}
	kept := []deploy.Kept{}
	for _, part := range backwards {
		left, err := c.remove(ctx, account, part)
		if err != nil {
			return explainDeploy(err)
		}
		kept = append(kept, left...)
	}
	if place.JSON {
		return printJSON(term.Out, kept)
	}
	term.say("\nThe installation %s is gone. The shop is where it always was.", c.Name)
	rows := make([][]any, len(kept))
	for i, k := range kept {
		rows[i] = []any{k.Stack, k.Resource, k.Type, k.ID}
	}
	if len(rows) > 0 {
		term.say("This stays, and is yours to keep or to delete:")
		return printTable(term.Out, []any{"STACK", "RESOURCE", "TYPE", "NAME"}, rows)
	}
	return nil
}

// remove removes one part's stack. The artifacts' bucket is emptied first, in
// both of the regions where there may be one.
func (c removeCommand) remove(ctx context.Context, a *account, part string) ([]deploy.Kept, error) {
	if part != artifactsPart {
		return a.deployer(part, nil).Remove(ctx, c.stack(part))
	}
	var kept []deploy.Kept
	for _, where := range []string{"api", edgePart} {
		deployer := a.deployer(where, nil)
		outputs, err := deployer.Outputs(ctx, c.stack(part))
		if errors.Is(err, deploy.ErrNoStack) {
			continue
		}
		if err == nil {
			err = a.bucket(where, outputs[deploy.ArtifactsOutput]).Empty(ctx)
		}
		if err != nil {
			return nil, err
		}
		left, err := deployer.Remove(ctx, c.stack(part))
		if err != nil {
			return nil, err
		}
		kept = append(kept, left...)
	}
	return kept, nil
}

// safe says what speaks against removing the installation now.
func (c removeCommand) safe(ctx context.Context, a *account, place Place) error {
	edge, err := outputsOf(ctx, a, edgePart)
	if err != nil {
		return err
	}
	if domain := edge["DistributionDomain"]; domain != "" {
		if name := pointsTo(ctx, place, domain); name != "" {
			return withHint(fmt.Errorf("%s still points to CloudFront (%s)", name, domain),
				"point it to legacy first and wait until shoppers have noticed (the record's TTL): without CloudFront nobody answers there")
		}
	}
	api, err := outputsOf(ctx, a, "api")
	if err != nil || api["QueueUrl"] == "" {
		return err
	}
	waiting, err := depth(ctx, a, api["QueueUrl"])
	if err != nil {
		return err
	}
	if waiting > 0 {
		return withHint(fmt.Errorf("%d orders still wait to be written to legacy", waiting),
			"wait until banyan ledger says that the queue is empty; --force goes on, and leaves them in the queue %s", api["QueueUrl"])
	}
	return nil
}

// outputsOf returns a part's outputs; none where there is no such stack.
func outputsOf(ctx context.Context, a *account, part string) (map[string]string, error) {
	outputs, err := a.deployer(part, nil).Outputs(ctx, a.flags.stack(part))
	if errors.Is(err, deploy.ErrNoStack) {
		return nil, nil
	}
	return outputs, err
}

// pointsTo returns the storefront's name, where DNS has it at the distribution.
// A configuration that cannot be read names no storefront.
func pointsTo(ctx context.Context, place Place, distribution string) string {
	table, err := place.table(terminal{Out: io.Discard, Err: io.Discard})
	if err != nil {
		return ""
	}
	u := table.Config().StorefrontURL()
	if u == nil {
		return ""
	}
	host := u.Hostname()
	name, err := net.DefaultResolver.LookupCNAME(ctx, host)
	if err == nil && strings.EqualFold(strings.TrimSuffix(name, "."), distribution) {
		return host
	}
	return ""
}

// depth is how many orders a queue holds, those in flight and delayed ones among
// them.
func depth(ctx context.Context, a *account, queue string) (int, error) {
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed}
	out, err := sqs.NewFromConfig(a.config).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: names})
	var gone *types.QueueDoesNotExist
	if errors.As(err, &gone) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count the orders in the queue: %w", err)
	}
	sum := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("count the orders in the queue: %w", err)
		}
		sum += n
	}
	return sum, nil
}
