package deploy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// ChangeSet is what making or changing a stack would do.
type ChangeSet struct {
	Stack   string   `json:"stack"`
	Create  bool     `json:"create"` // there is no such stack yet
	Changes []Change `json:"changes"`

	id, stackID string
}

// Change is what would happen to one resource.
type Change struct {
	Action   string `json:"action"` // Add, Modify, Remove, Import, Dynamic
	Resource string `json:"resource"`
	Type     string `json:"type"`
	Replaced string `json:"replaced,omitempty"` // True, Conditional
}

// Loses reports whether a resource that is there may be gone afterwards.
func (c Change) Loses() bool {
	return c.Action == string(types.ChangeActionRemove) || c.Replaced != "" && c.Replaced != string(types.ReplacementFalse)
}

// Empty reports whether there is nothing to do.
func (c *ChangeSet) Empty() bool { return len(c.Changes) == 0 }

// holders are the types that hold orders, or the way to them. One that is
// replaced begins empty.
var holders = []string{"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::Backup::BackupVault", "AWS::SecretsManager::Secret"}

// Risks are the changes after which what held orders may be another, empty one.
func (c *ChangeSet) Risks() []Change {
	return slices.DeleteFunc(slices.Clone(c.Changes), func(change Change) bool {
		return !change.Loses() || !slices.Contains(holders, change.Type)
	})
}

// WriteTo writes the change set for a reader.
func (c *ChangeSet) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	switch {
	case c.Empty():
		fmt.Fprintf(&b, "%s: nothing to change\n", c.Stack)
	case c.Create:
		fmt.Fprintf(&b, "%s: a new stack of %d resources\n", c.Stack, len(c.Changes))
	default:
		fmt.Fprintf(&b, "%s: %d changes\n", c.Stack, len(c.Changes))
	}
	for _, change := range c.Changes {
		note := ""
		switch change.Replaced {
		case string(types.ReplacementTrue):
			note = "  replaced by a new one"
		case string(types.ReplacementConditional):
			note = "  may be replaced by a new one"
		}
		fmt.Fprintf(&b, "  %-7s %-36s %s%s\n", strings.ToLower(change.Action), change.Resource, change.Type, note)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Prepare has CloudFormation work out what making or changing a stack would do.
// Nothing is changed by it. A stack whose making failed is said to be in the
// way.
func (d *Deployer) Prepare(ctx context.Context, s Stack) (*ChangeSet, error) {
	c := &ChangeSet{Stack: s.Name}
	kind := types.ChangeSetTypeUpdate
	now, err := d.stack(ctx, s.Name)
	switch {
	case errors.Is(err, ErrNoStack), err == nil && now.StackStatus == types.StackStatusReviewInProgress:
		c.Create, kind = true, types.ChangeSetTypeCreate
	case err != nil:
		return nil, err
	case !ready(now.StackStatus):
		return nil, &StateError{Stack: s.Name, Status: string(now.StackStatus)}
	}
	input := &cloudformation.CreateChangeSetInput{
		StackName: &s.Name, ChangeSetType: kind, ChangeSetName: aws.String(d.name(s)),
		Parameters: parameters(s.Parameters), Tags: tags(s.Tags), Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
		Description: aws.String("banyan deploy"),
	}
	if input.TemplateBody, input.TemplateURL, err = d.template(ctx, s); err != nil {
		return nil, err
	}
	made, err := d.cfn.CreateChangeSet(ctx, input)
	if err != nil {
		return nil, explain(s.Name, err)
	}
	c.id, c.stackID = aws.ToString(made.Id), aws.ToString(made.StackId)
	return c, d.read(ctx, c)
}

// name is unique to a change set: the same stack may be prepared twice.
func (d *Deployer) name(s Stack) string {
	sum := sha256.Sum256(s.Template)
	return fmt.Sprintf("banyan-%x-%d", sum[:4], d.now().UnixNano())
}

// template returns a template's text, or its address where it is too large.
func (d *Deployer) template(ctx context.Context, s Stack) (body, url *string, err error) {
	if len(s.Template) <= MaxTemplateBytes {
		return aws.String(string(s.Template)), nil, nil
	}
	if d.bucket == nil {
		return nil, nil, fmt.Errorf("the template of %s has %d bytes, more than the %d that fit into a call, and no bucket is given", s.Name, len(s.Template), MaxTemplateBytes)
	}
	sum := sha256.Sum256(s.Template)
	key := fmt.Sprintf("templates/%x.yaml", sum)
	if err := d.bucket.Put(ctx, key, s.Template); err != nil {
		return nil, nil, err
	}
	return nil, aws.String(d.bucket.URL(key)), nil
}

// read waits until CloudFormation has worked out the changes, and reads them.
// That there are none it calls a failure.
func (d *Deployer) read(ctx context.Context, c *ChangeSet) error {
	var token *string
	for {
		out, err := d.cfn.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: &c.id, StackName: &c.stackID, NextToken: token})
		if err != nil {
			return fmt.Errorf("read the changes of %s: %w", c.Stack, err)
		}
		switch out.Status {
		case types.ChangeSetStatusCreatePending, types.ChangeSetStatusCreateInProgress:
			if err := d.wait(ctx); err != nil {
				return fmt.Errorf("wait for the changes of %s: %w", c.Stack, err)
			}
			continue
		case types.ChangeSetStatusFailed:
			reason := aws.ToString(out.StatusReason)
			if strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed") {
				c.Changes = nil
				return d.Drop(ctx, c)
			}
			return &FailedError{Stack: c.Stack, Failures: []Failure{{Resource: c.Stack, Reason: reason, Hint: hint("", reason)}}}
		}
		for _, change := range out.Changes {
			r := change.ResourceChange
			if r == nil {
				continue
			}
			c.Changes = append(c.Changes, Change{Action: string(r.Action), Resource: aws.ToString(r.LogicalResourceId),
				Type: aws.ToString(r.ResourceType), Replaced: replaced(r.Replacement)})
		}
		if token = out.NextToken; token == nil {
			slices.SortFunc(c.Changes, func(a, b Change) int {
				return cmp.Or(strings.Compare(a.Action, b.Action), strings.Compare(a.Resource, b.Resource))
			})
			return nil
		}
	}
}

func replaced(r types.Replacement) string {
	if r == types.ReplacementFalse {
		return ""
	}
	return string(r)
}

// Drop forgets a change set that is not to be executed, and the empty stack that
// preparing a new one made.
func (d *Deployer) Drop(ctx context.Context, c *ChangeSet) error {
	_, err := d.cfn.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: &c.id, StackName: &c.stackID})
	if err == nil && c.Create {
		_, err = d.cfn.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &c.stackID})
	}
	if err != nil {
		return fmt.Errorf("drop the change set of %s: %w", c.Stack, err)
	}
	return nil
}
