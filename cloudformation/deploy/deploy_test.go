package deploy_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/cloudformation/deploy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(awstest.Main(m)) }

// queueTemplate is a stack with a queue that stays and one that goes.
const queueTemplate = `
Parameters: {Seconds: {Type: Number, Default: 30}}
Resources:
  Orders: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, UpdateReplacePolicy: Retain, Properties: {QueueName: %[1]s-orders, VisibilityTimeout: !Ref Seconds}}
  Passing: {Type: AWS::SQS::Queue, Properties: {QueueName: %[1]s-passing}}
Outputs: {Queue: {Value: !Ref Orders}}
`

type rig struct {
	*deploy.Deployer
	emulator *awstest.Emulator
	cfn      *cloudformation.Client
	progress *bytes.Buffer
}

func newRig(t *testing.T) rig {
	e := awstest.Moto(t)
	r := rig{emulator: e, cfn: cloudformation.NewFromConfig(e.Config()), progress: new(bytes.Buffer)}
	r.Deployer = deploy.New(deploy.Options{CloudFormation: r.cfn, Bucket: bucket(t, e), Progress: r.progress, Poll: time.Millisecond})
	return r
}

func bucket(t *testing.T, e *awstest.Emulator) *deploy.Bucket {
	b := &deploy.Bucket{S3: e.S3(), Name: strings.ToLower(awstest.Name("artifacts")), Region: awstest.Region}
	_, err := b.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.Name})
	require.NoError(t, err)
	return b
}

func (r rig) apply(t *testing.T, s deploy.Stack) *deploy.ChangeSet {
	t.Helper()
	c, err := r.Prepare(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, r.Execute(t.Context(), c))
	return c
}

func (r rig) queues(t *testing.T, prefix string) []string {
	out, err := r.emulator.SQS().ListQueues(t.Context(), &sqs.ListQueuesInput{QueueNamePrefix: &prefix})
	require.NoError(t, err)
	return out.QueueUrls
}

func TestDeployer_MakesAStackChangesItAndTakesItAway(t *testing.T) {
	r := newRig(t)
	name := awstest.Name("stack")
	stack := deploy.Stack{Name: name, Template: fmt.Appendf(nil, queueTemplate, name), Tags: map[string]string{"banyan": "demo"}}

	_, err := r.Outputs(t.Context(), name)
	require.ErrorIs(t, err, deploy.ErrNoStack)
	prepared, err := r.Prepare(t.Context(), stack)
	require.NoError(t, err)
	require.True(t, prepared.Create)
	require.Empty(t, r.queues(t, name), "preparing makes nothing")
	require.NoError(t, r.Drop(t.Context(), prepared))
	_, err = r.Outputs(t.Context(), name)
	require.ErrorIs(t, err, deploy.ErrNoStack, "nor does it leave an empty stack behind")

	made := r.apply(t, stack)
	require.Len(t, made.Changes, 2)
	require.Empty(t, made.Risks())
	var text strings.Builder
	_, err = made.WriteTo(&text)
	require.NoError(t, err)
	require.Contains(t, text.String(), name+": a new stack of 2 resources\n  add     Orders                               AWS::SQS::Queue\n")
	require.Contains(t, r.progress.String(), "create complete")
	require.Len(t, r.queues(t, name), 2)
	outputs, err := r.Outputs(t.Context(), name)
	require.NoError(t, err)
	require.Contains(t, outputs["Queue"], name+"-orders")

	stack.Template = bytes.ReplaceAll(stack.Template, []byte("!Ref Seconds"), []byte("60"))
	changed := r.apply(t, stack)
	require.False(t, changed.Create)
	require.NotEmpty(t, changed.Changes)

	_, err = r.Remove(t.Context(), name)
	require.NoError(t, err)
	require.Len(t, r.queues(t, name), 1, "the orders stay")
	kept, err := r.Remove(t.Context(), name)
	require.NoError(t, err, "a stack that is gone can be removed again")
	require.Empty(t, kept)
}

func TestDeployer_LargeTemplateGoesByWayOfTheBucket(t *testing.T) {
	r := newRig(t)
	name := awstest.Name("large")
	text := fmt.Appendf(nil, queueTemplate, name)
	text = append(text, strings.Repeat("# a line that is long enough to fill a template\n", 1200)...)
	require.Greater(t, len(text), deploy.MaxTemplateBytes)
	r.apply(t, deploy.Stack{Name: name, Template: text})
	require.Len(t, r.queues(t, name), 2)
	_, err := r.Remove(t.Context(), name)
	require.NoError(t, err)
}

func TestDeployer_SaysWhatCloudFormationRefuses(t *testing.T) {
	r := newRig(t)
	r.Deployer = deploy.New(deploy.Options{CloudFormation: r.cfn})
	_, err := r.Prepare(t.Context(), deploy.Stack{Name: awstest.Name("large"), Template: make([]byte, deploy.MaxTemplateBytes+1)})
	require.ErrorContains(t, err, "no bucket is given")
}

// failing is a CloudFormation in which one resource cannot be made, so that the
// others are not, and all is taken back. moto makes everything.
type failing struct {
	*cloudformation.Client
	status types.StackStatus
	events []types.StackEvent
}

func (f *failing) ExecuteChangeSet(context.Context, *cloudformation.ExecuteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error) {
	for i, e := range [][3]string{
		{"AWS::Lambda::Function", "Relay", "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."},
		{"AWS::SQS::Queue", "Orders", "Resource creation cancelled"},
		{"AWS::CloudFormation::Stack", "shop", "The following resource(s) failed to create: [Relay, Orders]."},
	} {
		f.events = append([]types.StackEvent{{EventId: aws.String(strconv.Itoa(i)), ResourceType: &e[0], LogicalResourceId: &e[1], ResourceStatusReason: &e[2],
			ResourceStatus: types.ResourceStatusCreateFailed, StackName: aws.String("shop")}}, f.events...)
	}
	f.status = types.StackStatusRollbackComplete
	return &cloudformation.ExecuteChangeSetOutput{}, nil
}

func (f *failing) DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error) {
	return &cloudformation.DescribeStackEventsOutput{StackEvents: f.events}, nil
}

func (f *failing) DescribeStacks(ctx context.Context, in *cloudformation.DescribeStacksInput, o ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	out, err := f.Client.DescribeStacks(ctx, in, o...)
	if err == nil && f.status != "" {
		out.Stacks[0].StackStatus = f.status
	}
	return out, err
}

func TestDeployer_SaysWhichResourceFailedWhyAndWhatToDo(t *testing.T) {
	f := &failing{Client: cloudformation.NewFromConfig(awstest.Moto(t).Config())}
	d := deploy.New(deploy.Options{CloudFormation: f, Poll: time.Millisecond})
	stack := deploy.Stack{Name: awstest.Name("fails"), Template: fmt.Appendf(nil, queueTemplate, "fails")}
	c, err := d.Prepare(t.Context(), stack)
	require.NoError(t, err)
	err = d.Execute(t.Context(), c)
	var failed *deploy.FailedError
	require.ErrorAs(t, err, &failed)
	require.Len(t, failed.Failures, 1, "what was not made because another failed is not said to have failed")
	require.Equal(t, "Relay", failed.Failures[0].Resource)
	require.Contains(t, failed.Hint(), "unreserved concurrency")
	require.ErrorContains(t, err, "(ROLLBACK_COMPLETE)\n  Relay (AWS::Lambda::Function): Specified Reserved")

	_, err = d.Prepare(t.Context(), stack)
	var state *deploy.StateError
	require.ErrorAs(t, err, &state)
	require.Contains(t, state.Hint(), "delete-stack --stack-name "+stack.Name)
}

// keeping is a CloudFormation that says what it keeps, as AWS does and moto,
// which keeps it too, does not.
type keeping struct{ *cloudformation.Client }

func (k keeping) DescribeStackEvents(ctx context.Context, in *cloudformation.DescribeStackEventsInput, o ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error) {
	out, err := k.Client.DescribeStackEvents(ctx, in, o...)
	if err == nil && out.StackEvents[0].ResourceStatus == types.ResourceStatusDeleteComplete {
		for i, status := range []types.ResourceStatus{types.ResourceStatusDeleteSkipped, types.ResourceStatusCreateComplete} {
			out.StackEvents = append(out.StackEvents, types.StackEvent{EventId: aws.String(strconv.Itoa(i)), ResourceStatus: status,
				LogicalResourceId: aws.String("Orders"), ResourceType: aws.String("AWS::SQS::Queue"), PhysicalResourceId: aws.String("https://queue")})
		}
	}
	return out, err
}

func TestDeployer_SaysWhatIsKept(t *testing.T) {
	r := newRig(t)
	d := deploy.New(deploy.Options{CloudFormation: keeping{r.cfn}, Poll: time.Millisecond})
	name := awstest.Name("kept")
	r.apply(t, deploy.Stack{Name: name, Template: fmt.Appendf(nil, queueTemplate, name)})
	kept, err := d.Remove(t.Context(), name)
	require.NoError(t, err)
	require.Equal(t, []deploy.Kept{{Stack: name, Resource: "Orders", Type: "AWS::SQS::Queue", ID: "https://queue"}}, kept)
}

func TestChangeSet_SaysWhereOrdersMayBeLeftBehind(t *testing.T) {
	c := deploy.ChangeSet{Stack: "shop", Changes: []deploy.Change{
		{Action: "Modify", Resource: "Function", Type: "AWS::Lambda::Function", Replaced: "True"},
		{Action: "Modify", Resource: "Table", Type: "AWS::DynamoDB::Table", Replaced: "Conditional"},
		{Action: "Remove", Resource: "Orders", Type: "AWS::SQS::Queue"},
		{Action: "Modify", Resource: "Dead", Type: "AWS::SQS::Queue"},
	}}
	risks := c.Risks()
	require.Len(t, risks, 2)
	require.Equal(t, "Table", risks[0].Resource)
	require.Equal(t, "Orders", risks[1].Resource)
}

func TestDeployer_StopsWatchingWhenItsContextEnds(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Prepare(ctx, deploy.Stack{Name: awstest.Name("late"), Template: fmt.Appendf(nil, queueTemplate, "late")})
	require.ErrorIs(t, err, context.Canceled)
}

func TestBucket_KeepsContentUnderItsHashAndEmpties(t *testing.T) {
	b := bucket(t, awstest.Moto(t))
	require.NoError(t, b.Put(t.Context(), "api/1.zip", []byte("one")))
	require.NoError(t, b.Put(t.Context(), "api/1.zip", []byte("one")))
	require.NoError(t, b.Empty(t.Context()))
	out, err := b.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.Name})
	require.NoError(t, err)
	require.Empty(t, out.Versions)
	require.Equal(t, "https://"+b.Name+".s3.us-east-1.amazonaws.com/templates/a.yaml", b.URL("templates/a.yaml"))
}
