package deploy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// Failure is one resource that could not be made, changed or removed.
type Failure struct {
	Resource string `json:"resource"`
	Type     string `json:"type,omitempty"`
	Reason   string `json:"reason"`
	Hint     string `json:"hint,omitempty"`
}

// FailedError says what became of a stack that could not be made or changed.
type FailedError struct {
	Stack    string
	Status   string
	Failures []Failure
}

// Error says which resources failed and why.
func (e *FailedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stack %s failed", e.Stack)
	if e.Status != "" {
		fmt.Fprintf(&b, " (%s)", e.Status)
	}
	for _, f := range e.Failures {
		fmt.Fprintf(&b, "\n  %s", f.Resource)
		if f.Type != "" {
			fmt.Fprintf(&b, " (%s)", f.Type)
		}
		fmt.Fprintf(&b, ": %s", f.Reason)
	}
	return b.String()
}

// Hint says what to do, as far as it is known.
func (e *FailedError) Hint() string {
	for _, f := range e.Failures {
		if f.Hint != "" {
			return f.Hint
		}
	}
	return ""
}

// StateError says that a stack is in no state to be changed.
type StateError struct{ Stack, Status string }

// Error names the state.
func (e *StateError) Error() string {
	return fmt.Sprintf("stack %s is in the state %s and cannot be changed", e.Stack, e.Status)
}

// Hint says how to get it out of there.
func (e *StateError) Hint() string {
	switch types.StackStatus(e.Status) {
	case types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusCreateFailed:
		return "its making failed and was taken back: aws cloudformation delete-stack --stack-name " + e.Stack + ", then deploy again"
	case types.StackStatusUpdateRollbackFailed:
		return "aws cloudformation continue-update-rollback --stack-name " + e.Stack + ", then deploy again"
	case types.StackStatusDeleteFailed:
		return "its removal did not finish: banyan remove again, or look at its events in the console"
	}
	if busy(types.StackStatus(e.Status)) {
		return "another change is under way: wait until it has ended"
	}
	return ""
}

// failureOf reads a failure from an event. That a resource was not made because
// another failed is none of its own.
func failureOf(e types.StackEvent) (Failure, bool) {
	reason := aws.ToString(e.ResourceStatusReason)
	if !strings.HasSuffix(string(e.ResourceStatus), "_FAILED") || strings.Contains(reason, "cancelled") {
		return Failure{}, false
	}
	kind := aws.ToString(e.ResourceType)
	if kind == "AWS::CloudFormation::Stack" {
		return Failure{}, false // the sum of the others
	}
	if reason == "" {
		reason = "CloudFormation gives no reason"
	}
	return Failure{Resource: aws.ToString(e.LogicalResourceId), Type: kind, Reason: reason, Hint: hint(kind, reason)}, true
}

// hints say what to do about a reason, by a part of its text.
var hints = []struct{ part, hint string }{
	{"is not authorized to perform", "the deploying user lacks this permission: add it, or deploy with a role that has it"},
	{"AccessDenied", "the deploying user lacks this permission: add it, or deploy with a role that has it"},
	{"already exists", "another stack or an earlier installation holds this name: give the installation another name with --name, or remove the old one"},
	{"CNAMEAlreadyExists", "another distribution serves this domain: take it off there first"},
	{"certificate", "the certificate must be issued and lie in us-east-1 for CloudFront, in the stack's own region for the API"},
	{"ReservedConcurrentExecutions", "the account's unreserved concurrency would fall below 100: ask for a higher quota, or reserve less"},
	{"LimitExceeded", "a quota is reached: raise it in Service Quotas, or remove what is not used"},
	{"Limit Exceeded", "a quota is reached: raise it in Service Quotas, or remove what is not used"},
	{"TooMany", "a quota is reached: raise it in Service Quotas, or remove what is not used"},
	{"VisibilityTimeout", "the queue's visibility time-out must be at least the relay's time-out; six times is advised"},
	{"Rate exceeded", "too many calls at once: deploy again in a minute"},
	{"Throttling", "too many calls at once: deploy again in a minute"},
	{"not empty", "empty the bucket, or keep it: what holds orders is meant to stay"},
	{"S3 Error", "the zip is not where the stack looks for it: run the deployment again, it uploads what is missing"},
	{"subnet", "the relay must run in subnets of legacy's own network that reach the database and, by a gateway or endpoints, SQS"},
	{"must have values", "give the parameter with --set PART.Name=value, or in the file of --parameters"},
	{"do not exist in the template", "the parameter is misspelt, or belongs to another part"},
}

// hint says what to do about a reason.
func hint(kind, reason string) string {
	for _, h := range hints {
		if strings.Contains(strings.ToLower(reason), strings.ToLower(h.part)) {
			return h.hint
		}
	}
	if kind != "" {
		return "the resource's own page in the AWS documentation lists what it needs: search for " + kind
	}
	return ""
}

// explain says why CloudFormation refused a call.
func explain(stack string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return &FailedError{Stack: stack, Failures: []Failure{{Resource: api.ErrorCode(), Reason: api.ErrorMessage(), Hint: hint("", api.ErrorMessage())}}}
	}
	return fmt.Errorf("ask CloudFormation to change %s: %w", stack, err)
}
