package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Kept is a resource that stays after its stack is gone.
type Kept struct {
	Stack    string `json:"stack"`
	Resource string `json:"resource"`
	Type     string `json:"type"`
	ID       string `json:"id"` // its name or address
}

// Remove removes a stack and waits until it is gone. What the template retains
// stays, and is returned. A stack that is not there is no error.
func (d *Deployer) Remove(ctx context.Context, stack string) ([]Kept, error) {
	s, err := d.stack(ctx, stack)
	if errors.Is(err, ErrNoStack) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	id := aws.ToString(s.StackId) // a stack that is gone is found by its id alone
	seen, err := d.seen(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := d.cfn.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
		return nil, explain(stack, err)
	}
	failures, status, err := d.follow(ctx, id, seen)
	if err != nil && !errors.Is(err, ErrNoStack) {
		return nil, err
	}
	if err == nil && status != types.StackStatusDeleteComplete {
		return nil, &FailedError{Stack: stack, Status: string(status), Failures: failures}
	}
	return d.kept(ctx, stack, id)
}

// kept lists what a stack that is gone left behind.
func (d *Deployer) kept(ctx context.Context, stack, id string) ([]Kept, error) {
	var kept []Kept
	latest := make(map[string]types.ResourceStatus)
	pages := cloudformation.NewDescribeStackEventsPaginator(d.cfn, &cloudformation.DescribeStackEventsInput{StackName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read what %s left behind: %w", stack, err)
		}
		for _, e := range page.StackEvents { // the newest first
			resource := aws.ToString(e.LogicalResourceId)
			if _, known := latest[resource]; known {
				continue
			}
			latest[resource] = e.ResourceStatus
			if e.ResourceStatus == types.ResourceStatusDeleteSkipped {
				kept = append(kept, Kept{Stack: stack, Resource: resource, Type: aws.ToString(e.ResourceType), ID: aws.ToString(e.PhysicalResourceId)})
			}
		}
	}
	return kept, nil
}
