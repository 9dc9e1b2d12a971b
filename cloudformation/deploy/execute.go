package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// ready reports whether a stack in this state can be changed.
func ready(s types.StackStatus) bool {
	switch s {
	case types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete,
		types.StackStatusImportComplete, types.StackStatusImportRollbackComplete:
		return true
	}
	return false
}

// busy reports whether CloudFormation is at work on a stack in this state.
func busy(s types.StackStatus) bool { return strings.HasSuffix(string(s), "_IN_PROGRESS") }

// Execute does what a change set says and waits until it is done, with a line of
// progress for each resource. Where it fails CloudFormation takes back what was
// done, and the *FailedError says which resource failed, why, and what to do.
// When ctx ends the waiting does; the stack goes on.
func (d *Deployer) Execute(ctx context.Context, c *ChangeSet) error {
	if c.Empty() {
		return nil
	}
	seen, err := d.seen(ctx, c.stackID)
	if err != nil && !c.Create {
		return err
	}
	_, err = d.cfn.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: &c.id, StackName: &c.stackID})
	if err != nil {
		return explain(c.Stack, err)
	}
	failures, status, err := d.follow(ctx, c.stackID, seen)
	if err != nil {
		return err
	}
	if status == types.StackStatusCreateComplete || status == types.StackStatusUpdateComplete {
		return nil
	}
	return &FailedError{Stack: c.Stack, Status: string(status), Failures: failures}
}

// follow reports what CloudFormation does to a stack, given by its id, until it
// is at rest.
func (d *Deployer) follow(ctx context.Context, stack string, seen map[string]bool) ([]Failure, types.StackStatus, error) {
	began := d.now()
	var failures []Failure
	for {
		s, err := d.stack(ctx, stack)
		if err != nil {
			return failures, "", err
		}
		events, err := d.events(ctx, stack, seen)
		if err != nil {
			return failures, "", err
		}
		for _, e := range events {
			d.report(e, began)
			if f, failed := failureOf(e); failed {
				failures = append(failures, f)
			}
		}
		if !busy(s.StackStatus) && s.StackStatus != types.StackStatusReviewInProgress {
			return failures, s.StackStatus, nil
		}
		if err := d.wait(ctx); err != nil {
			return failures, "", fmt.Errorf("stop watching %s, which goes on without: %w", stack, err)
		}
	}
}

// report writes a line of progress.
func (d *Deployer) report(e types.StackEvent, began time.Time) {
	fmt.Fprintf(d.progress, "%6s  %s  %-36s %s\n", d.now().Sub(began).Round(time.Second), aws.ToString(e.StackName),
		aws.ToString(e.LogicalResourceId), strings.ToLower(strings.ReplaceAll(string(e.ResourceStatus), "_", " ")))
}

// seen returns the events that were there before.
func (d *Deployer) seen(ctx context.Context, stack string) (map[string]bool, error) {
	seen := make(map[string]bool)
	_, err := d.events(ctx, stack, seen)
	return seen, err
}

// events returns what has happened to a stack since, the oldest first.
func (d *Deployer) events(ctx context.Context, stack string, seen map[string]bool) ([]types.StackEvent, error) {
	var fresh []types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(d.cfn, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read what happened to %s: %w", stack, err)
		}
		known := false
		for _, e := range page.StackEvents {
			if id := aws.ToString(e.EventId); !seen[id] {
				seen[id] = true
				fresh = append(fresh, e)
			} else {
				known = true
			}
		}
		if known {
			break // the rest is older
		}
	}
	slices.Reverse(fresh)
	return fresh, nil
}
