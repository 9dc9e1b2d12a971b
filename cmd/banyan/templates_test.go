package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/lambda"
	"github.com/banyan-edge/banyan/cloudformation"
	"github.com/banyan-edge/banyan/edge/cloudfront"
	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// What the stacks say a second time is held against the first here, because
// only commands may know two rims at once.

// entries are the Lambda entries and the template of each.
var entries = map[string]string{"api/cmd/lambda": "api", "legacy-adapter/cmd/lambda": "legacy-adapter"}

func stack(t *testing.T, name string) cloudformation.Document {
	template, ok := cloudformation.Named(name)
	require.True(t, ok, name)
	d, err := template.Document()
	require.NoError(t, err)
	return d
}

// iamAction is what has to be allowed for a call, where it is not the call's own
// name ("Actions, resources, and condition keys", Service Authorization Reference).
var iamAction = map[string]string{
	"sqs.ChangeMessageVisibilityBatch":           "sqs:ChangeMessageVisibility",
	"sqs.DeleteMessageBatch":                     "sqs:DeleteMessage",
	"sqs.SendMessageBatch":                       "sqs:SendMessage",
	"s3.HeadObject":                              "s3:GetObject",
	"s3.ListObjectsV2":                           "s3:ListBucket",
	"s3.CopyObject":                              "s3:PutObject", // and s3:GetObject of what is copied
	"dynamodb.TransactWriteItems":                "",             // by what the transaction is made of:
	"dynamodb.TransactWriteItems.Put":            "dynamodb:PutItem",
	"dynamodb.TransactWriteItems.Update":         "dynamodb:UpdateItem",
	"dynamodb.TransactWriteItems.Delete":         "dynamodb:DeleteItem",
	"dynamodb.TransactWriteItems.ConditionCheck": "dynamodb:ConditionCheckItem",
}

// calledFor are actions that Lambda itself calls with a function's role.
var calledFor = map[string][]string{
	"api": {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"},
	"legacy-adapter": {
		"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", // the event source mapping
		"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
		"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses", // the VPC
	},
}

func TestTemplates_RolesAllowWhatTheCodeCallsAndNothingElse(t *testing.T) {
	for command, name := range entries {
		needed := map[string]bool{}
		for _, action := range calledFor[name] {
			needed[action] = true
		}
		for call := range calls(t, command) {
			action, known := iamAction[call]
			if !known {
				action = strings.Replace(call, ".", ":", 1)
			}
			if action != "" {
				needed[action] = true
			}
		}
		require.Contains(t, needed, "sqs:SendMessage", "the search finds calls")
		given := allowed(stack(t, name), "FunctionRole")
		for action := range given {
			if awaited[action] {
				require.NotContains(t, needed, action, "no longer awaited")
				delete(given, action)
			}
		}
		require.Equal(t, slices.Sorted(maps.Keys(needed)), slices.Sorted(maps.Keys(given)), name)
	}
}

// allowed are the actions that a role is allowed, whichever resource holds them.
func allowed(d cloudformation.Document, role string) map[string]bool {
	found := map[string]bool{}
	note := func(policy any) {
		statements, _ := policy.(cloudformation.Document)
		list, _ := cloudformation.Get(statements, "PolicyDocument", "Statement").([]any)
		for _, s := range list {
			statement := s.(cloudformation.Document)
			if cloudformation.Get(statement, "Effect") != "Allow" {
				continue
			}
			switch action := cloudformation.Get(statement, "Action").(type) {
			case string:
				found[action] = true
			case []any:
				for _, a := range action {
					found[a.(string)] = true
				}
			}
		}
	}
	for _, item := range cloudformation.Section(d, "Resources") {
		properties := cloudformation.Section(item.Value.(cloudformation.Document), "Properties")
		if item.Key == role {
			policies, _ := cloudformation.Get(properties, "Policies").([]any)
			for _, p := range policies {
				note(p)
			}
		}
		if cloudformation.Get(properties, "RoleName", "Ref") == role {
			note(properties)
		}
	}
	return found
}

// unset are settings of the entries that a stack leaves alone, and why.
var unset = map[string]string{
	"BANYAN_DATA":      "orders go to the table",
	"BANYAN_BASE_PATH": "the API is at the root of its name",
	"BANYAN_CONFIG":    "banyan.yaml is in the zip, beside the bootstrap",
	"BANYAN_LEGACY":    "its legacy section is read from there",
}

// awaited is what the stacks give or look for, and no entry reads or logs yet.
// What an entry has learnt is to be taken out: the tests say so.
var awaited = map[string]bool{}

func TestTemplates_SettingsAreThoseThatTheEntriesRead(t *testing.T) {
	for command, name := range entries {
		set := map[string]bool{}
		for _, item := range cloudformation.Section(stack(t, name), "Resources", "Function", "Properties", "Environment", "Variables") {
			set[item.Key.(string)] = true
		}
		read := map[string]bool{}
		for text := range literals(t, "../../"+command) {
			if setting.MatchString(text) {
				read[text] = true
			}
		}
		for variable := range set {
			if !setting.MatchString(variable) {
				continue // OpenTelemetry's own
			}
			require.NotEqual(t, awaited[variable], read[variable], "%s sets %s: does %s read it?", name, variable, command)
		}
		for variable := range read {
			if unset[variable] == "" {
				require.Contains(t, set, variable, "%s does not set what %s reads", name, command)
			}
		}
	}
}

var setting = regexp.MustCompile(`^BANYAN_[A-Z_]+$`)

// literals are the texts in the Go files of a folder, tests aside.
func literals(t *testing.T, folder string) map[string]bool {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				found[text] = true
			}
			return true
		})
	}
	return found
}

// plain turns a part of a template into JSON's forms, with one condition
// decided and what then has no value left out.
func plain(value any, condition string, holds bool) any {
	switch v := value.(type) {
	case cloudformation.Document:
		if list, ok := cloudformation.Get(v, "Fn::If").([]any); ok && list[0] == condition {
			if holds {
				return plain(list[1], condition, holds)
			}
			return plain(list[2], condition, holds)
		}
		m := map[string]any{}
		for _, item := range v {
			if d, ok := item.Value.(cloudformation.Document); ok && cloudformation.Get(d, "Ref") == "AWS::NoValue" {
				continue
			}
			if in := plain(item.Value, condition, holds); in != nil {
				m[item.Key.(string)] = in
			}
		}
		if m["Ref"] == "AWS::NoValue" {
			return nil
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i], condition, holds)
		}
		return list
	}
	return value
}

// requireProperties holds a resource's properties, but for some, against a
// definition in JSON.
func requireProperties(t *testing.T, definition json.RawMessage, properties any, but ...string) {
	m := maps.Clone(properties.(map[string]any))
	for _, name := range but {
		require.Contains(t, m, name)
		delete(m, name)
	}
	text, err := json.Marshal(m)
	require.NoError(t, err)
	require.JSONEq(t, string(definition), string(text))
}

func TestTemplates_TableIsTheOneThatIntakeKnows(t *testing.T) {
	table := cloudformation.Section(stack(t, "api"), "Resources", "OrderTable", "Properties")
	requireProperties(t, aws.TableProperties(), plain(table, "HasWarmTable", false), "Tags")
	requireProperties(t, aws.TableProperties(), plain(table, "HasWarmTable", true), "Tags", "WarmThroughput")
}

func TestTemplates_QueuesAreThoseThatIntakeAndRelayKnow(t *testing.T) {
	resources := cloudformation.Section(stack(t, "api"), "Resources")
	for _, kind := range []aws.QueueKind{aws.FIFO, aws.Standard} {
		queue := plain(cloudformation.Section(resources, "OrderQueue", "Properties"), "IsFifo", kind == aws.FIFO)
		requireProperties(t, kind.Properties(), queue, "QueueName", "VisibilityTimeout", "RedrivePolicy", "Tags")
		dead := plain(cloudformation.Section(resources, "DeadLetterQueue", "Properties"), "IsFifo", kind == aws.FIFO)
		requireProperties(t, kind.Properties(), dead, "QueueName", "RedriveAllowPolicy", "Tags")
	}
	require.EqualValues(t, sqs.MaxReceiveCount, cloudformation.Get(resources, "OrderQueue", "Properties", "RedrivePolicy", "maxReceiveCount"))
	kinds := cloudformation.Get(stack(t, "api"), "Parameters", "QueueKind", "AllowedValues")
	require.Equal(t, []any{"fifo", "standard"}, kinds, "the kinds that BANYAN_QUEUE_KIND takes")
}

func TestTemplates_TimesFitIntoOneAnother(t *testing.T) {
	number := func(name string, keys ...string) int {
		n, err := strconv.Atoi(strings.TrimSpace(toText(cloudformation.Get(stack(t, name), keys...))))
		require.NoError(t, err, keys)
		return n
	}
	relay := number("legacy-adapter", "Resources", "Function", "Properties", "Timeout")
	require.GreaterOrEqual(t, relay, 30, "see the comment of legacy-adapter/cmd/lambda")
	require.Equal(t, 6*relay, number("api", "Resources", "OrderQueue", "Properties", "VisibilityTimeout"))
	require.Equal(t, 10, number("legacy-adapter", "Resources", "OrderSource", "Properties", "BatchSize"))
	require.Less(t, 1000*number("api", "Resources", "Function", "Properties", "Timeout"),
		number("api", "Resources", "Integration", "Properties", "TimeoutInMillis"))
}

func toText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// TestTemplates_EdgeTakesWhatIsCompiled: what the compiler makes of the default
// configuration is in the stack unchanged, and fits what CloudFront takes.
func TestTemplates_EdgeTakesWhatIsCompiled(t *testing.T) {
	text, err := defaults.ReadFile("defaults/banyan.yaml")
	require.NoError(t, err)
	config, findings := route.ReadConfig("banyan.yaml", text)
	require.NoError(t, findings.Err())
	table, findings := route.Compile(config, nil, 1)
	require.NoError(t, findings.Err())
	artifact, err := cloudfront.Compile(table, cloudfront.Options{ServerlessHost: "api.example.com"})
	require.NoError(t, err)
	var behaviors []cloudformation.Behavior
	for _, b := range artifact.Behaviors {
		behaviors = append(behaviors, cloudformation.Behavior{PathPattern: b.PathPattern, Routes: b.Routes})
	}
	stack, err := cloudformation.Edge(behaviors, cloudformation.Functions{Request: artifact.Function, Response: artifact.ResponseFunction})
	require.NoError(t, err)
	d, err := cloudformation.Template{Name: "edge", Text: stack}.Document()
	require.NoError(t, err)
	require.Equal(t, string(artifact.Function), cloudformation.Get(d, "Resources", "RequestFunction", "Properties", "FunctionCode"))
	require.Equal(t, string(artifact.ResponseFunction), cloudformation.Get(d, "Resources", "ResponseFunction", "Properties", "FunctionCode"))
	var origins []any
	for _, o := range cloudformation.Get(d, "Resources", "Distribution", "Properties", "DistributionConfig", "Origins").([]any) {
		origins = append(origins, cloudformation.Get(o.(cloudformation.Document), "Id"))
	}
	require.Contains(t, origins, any(cloudfront.OriginLegacy))
	require.Contains(t, origins, any(cloudfront.OriginServerless))
	require.GreaterOrEqual(t, cloudformation.MaxFunctionBytes, cloudfront.FunctionBytes)
	require.Equal(t, cloudfront.BehaviorQuota, cloudformation.MaxBehaviors)
	// What the function sets is what the cache and the API's lock go by.
	require.Contains(t, string(artifact.Function), "'x-banyan-arm'")
	require.Contains(t, string(stack), "- {HeaderName: "+strings.ToLower(lambda.SecretHeader)+",")
}
