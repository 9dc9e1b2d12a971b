package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// MaxTemplateBytes is what CloudFormation takes of a template in a call; a
// larger one, up to 1 MB, goes by way of a bucket.
const MaxTemplateBytes = 51_200

// Stack is one stack of an installation.
type Stack struct {
	Name       string
	Template   []byte
	Parameters map[string]string // those that the template does not have are an error of CloudFormation's
	Tags       map[string]string
}

// CloudFormation is what is used of the service.
type CloudFormation interface {
	cloudformation.DescribeStacksAPIClient
	cloudformation.DescribeChangeSetAPIClient
	CreateChangeSet(context.Context, *cloudformation.CreateChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error)
	ExecuteChangeSet(context.Context, *cloudformation.ExecuteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error)
	DeleteChangeSet(context.Context, *cloudformation.DeleteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteChangeSetOutput, error)
	DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error)
	DescribeStackResources(context.Context, *cloudformation.DescribeStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackResourcesOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
}

// Options make a Deployer. CloudFormation is required.
type Options struct {
	CloudFormation CloudFormation
	Bucket         *Bucket       // for templates that are too large for a call; nil: they are an error
	Progress       io.Writer     // a line for each thing that CloudFormation reports; nil: nothing
	Poll           time.Duration // between two looks at a stack; zero: 3 s
	Now            func() time.Time
}

// Deployer makes, changes and removes stacks.
type Deployer struct {
	cfn      CloudFormation
	bucket   *Bucket
	progress io.Writer
	poll     time.Duration
	now      func() time.Time
}

// New returns a Deployer. It panics without CloudFormation.
func New(o Options) *Deployer {
	if o.CloudFormation == nil {
		panic("deploy: New without CloudFormation")
	}
	d := &Deployer{cfn: o.CloudFormation, bucket: o.Bucket, progress: o.Progress, poll: o.Poll, now: o.Now}
	if d.progress == nil {
		d.progress = io.Discard
	}
	if d.poll == 0 {
		d.poll = 3 * time.Second
	}
	if d.now == nil {
		d.now = time.Now
	}
	return d
}

// ErrNoStack says that there is no stack of a name.
var ErrNoStack = errors.New("no such stack")

// stack returns a stack as it is.
func (d *Deployer) stack(ctx context.Context, name string) (types.Stack, error) {
	out, err := d.cfn.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist") {
		return types.Stack{}, fmt.Errorf("%w: %s", ErrNoStack, name)
	}
	if err != nil {
		return types.Stack{}, fmt.Errorf("look at stack %s: %w", name, err)
	}
	if len(out.Stacks) == 0 {
		return types.Stack{}, fmt.Errorf("%w: %s", ErrNoStack, name)
	}
	return out.Stacks[0], nil
}

// Outputs returns a stack's outputs by name, or ErrNoStack.
func (d *Deployer) Outputs(ctx context.Context, name string) (map[string]string, error) {
	s, err := d.stack(ctx, name)
	if err != nil {
		return nil, err
	}
	if s.StackStatus == types.StackStatusReviewInProgress {
		return nil, fmt.Errorf("%w: %s was prepared and never made", ErrNoStack, name)
	}
	outputs := make(map[string]string, len(s.Outputs))
	for _, o := range s.Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return outputs, nil
}

func parameters(values map[string]string) []types.Parameter {
	list := make([]types.Parameter, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(values[name])})
	}
	return list
}

func tags(values map[string]string) []types.Tag {
	list := make([]types.Tag, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, types.Tag{Key: aws.String(name), Value: aws.String(values[name])})
	}
	return list
}

// wait waits for d.poll, or for the end of ctx.
func (d *Deployer) wait(ctx context.Context) error {
	timer := time.NewTimer(d.poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Parameters returns what a stack was last given, by name, or ErrNoStack.
func (d *Deployer) Parameters(ctx context.Context, name string) (map[string]string, error) {
	s, err := d.stack(ctx, name)
	if err != nil {
		return nil, err
	}
	if s.StackStatus == types.StackStatusReviewInProgress {
		return nil, fmt.Errorf("%w: %s was prepared and never made", ErrNoStack, name)
	}
	given := make(map[string]string, len(s.Parameters))
	for _, p := range s.Parameters {
		given[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	return given, nil
}
