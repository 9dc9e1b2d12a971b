package main

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/lambda/runtimetest"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/cloudformation"
)

// notModelled is what moto takes of the stacks and does not make. CloudFront's
// own stack it cannot describe at all, for each of its outputs is of such a
// resource, and it is left out here.
var notModelled = []string{
	"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage",
	"AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission", "AWS::Lambda::Version",
	"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SecretsManager::Secret",
}

// inAccount is an installation in an emulated account.
type inAccount struct {
	t      *testing.T
	moto   *awstest.Emulator
	folder string // of banyan.yaml, the legacy database and the zips
	name   string
	env    []string
}

const accountConfig = `storefront: http://127.0.0.1:1
origins:
  legacy: {url: https://legacy.example.com}
  serverless: {url: local}
products: {file: products.yaml, paths: ["/shop/{category}/{product}"]}
routes:
  - {name: checkout, path: /checkout, to: serverless}
legacy:
  database: sqlite:%s
  connections: 25
  write:
    - sql: INSERT INTO orders (number, email, total_cents) VALUES (:id, :customer.email, :total.amount)
`

func newInAccount(t *testing.T) *inAccount {
	moto := awstest.Moto(t)
	a := &inAccount{t: t, moto: moto, folder: t.TempDir(), name: "d" + strings.ToLower(order.NewID(time.Now())[18:]), env: append(os.Environ(), moto.Env()...)}
	for name, text := range map[string]string{
		"banyan.yaml": fmt.Sprintf(accountConfig, a.legacy()), "products.yaml": "muskie-casting-rod: serverless\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(a.folder, name), []byte(text), 0o600))
	}
	db := a.open()
	_, err := db.Exec("CREATE TABLE orders (number TEXT UNIQUE, email TEXT, total_cents BIGINT)")
	require.NoError(t, err)
	return a
}

func (a *inAccount) legacy() string { return filepath.Join(a.folder, "legacy.db") }

func (a *inAccount) open() *sql.DB {
	db, err := sql.Open("sqlite", a.legacy())
	require.NoError(a.t, err)
	a.t.Cleanup(func() { db.Close() })
	return db
}

// banyan runs a command and returns what it says on both streams.
func (a *inAccount) banyan(args ...string) (out, talk string, code int) {
	a.t.Helper()
	var data, said bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = a.folder, a.env, &data, &said
	if err := cmd.Run(); err != nil {
		require.IsType(a.t, &exec.ExitError{}, err)
	}
	return data.String(), said.String(), cmd.ProcessState.ExitCode()
}

func (a *inAccount) deploy(flags ...string) (out, talk string, code int) {
	source, err := filepath.Abs("../..")
	require.NoError(a.t, err)
	return a.banyan(append([]string{"deploy", "--name", a.name, "--source", source, "--arch", runtime.GOARCH,
		"--only", "api,legacy-adapter,listings-adapter", "--set", "api.SeedSample=true", "--set", "api.Listings=true", "--set", "api.StorefrontOrigin=https://shop.example.com"}, flags...)...)
}

// function starts a part's function from its zip, with the settings that its
// template gave it.
func (a *inAccount) function(part, output string, others ...string) *runtimetest.Runtime {
	z, err := zip.OpenReader(filepath.Join(a.folder, "dist", part+"-"+runtime.GOARCH+".zip"))
	require.NoError(a.t, err)
	defer z.Close()
	task := a.t.TempDir()
	for _, f := range z.File {
		in, err := f.Open()
		require.NoError(a.t, err)
		text, err := io.ReadAll(in)
		require.NoError(a.t, err)
		require.NoError(a.t, os.WriteFile(filepath.Join(task, f.Name), text, f.Mode()))
	}
	rt := runtimetest.Start()
	a.t.Cleanup(rt.Close)
	cmd := exec.Command(filepath.Join(task, "bootstrap"))
	cmd.Dir, cmd.Stderr = task, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(a.moto.Env(), "AWS_LAMBDA_RUNTIME_API="+rt.Addr(), "LAMBDA_TASK_ROOT="+task)
	for name, value := range a.settings(a.outputs(part)[output]) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, others...)
	require.NoError(a.t, cmd.Start())
	a.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return rt
}

func (a *inAccount) outputs(part string) map[string]string {
	name := a.name + "-" + part
	out, err := cfn.NewFromConfig(a.moto.Config()).DescribeStacks(a.t.Context(), &cfn.DescribeStacksInput{StackName: &name})
	require.NoError(a.t, err)
	outputs := map[string]string{}
	for _, o := range out.Stacks[0].Outputs {
		outputs[*o.OutputKey] = sdk.ToString(o.OutputValue)
	}
	return outputs
}

func invoke(t *testing.T, rt *runtimetest.Runtime, event any, answer any) {
	payload, err := json.Marshal(event)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	res, err := rt.Invoke(ctx, runtimetest.Invocation{Payload: payload, Deadline: time.Now().Add(30 * time.Second)})
	require.NoError(t, err)
	require.Nil(t, res.Failure)
	require.NoError(t, json.Unmarshal(res.Payload, answer))
}

// settings are a function's environment variables. moto gives numbers where AWS
// gives texts, which the SDK does not read.
func (a *inAccount) settings(function string) map[string]string {
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.moto.URL+"/2015-03-31/functions/"+function+"/configuration", nil)
	require.NoError(a.t, err)
	// It goes by the service named here, and checks no signature.
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20261127/"+awstest.Region+"/lambda/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(a.t, err)
	defer resp.Body.Close()
	var config struct {
		Environment struct{ Variables map[string]any }
	}
	require.NoError(a.t, json.NewDecoder(resp.Body).Decode(&config))
	settings := map[string]string{}
	for name, value := range config.Environment.Variables {
		settings[name] = fmt.Sprint(value)
	}
	return settings
}

// edgeSecret is what the edge sends to the API. moto knows no secrets: it gives
// the function the template's own words for it.
func (a *inAccount) edgeSecret() string {
	first, _, _ := strings.Cut(a.settings(a.outputs("api")["ApiFunction"])["BANYAN_EDGE_SECRETS"], ",")
	return first
}

// checkoutEvent is a shopper's order, as API Gateway gives it to the function.
func checkoutEvent(secret string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: "/checkout",
		Headers: map[string]string{"host": "api.example.com", "content-type": "application/json", "idempotency-key": "k-1"},
		Body:    `{"customer":{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},"lines":[{"sku":"muskie-casting-rod","quantity":1}],"payment":{"token":"tok_demo"}}`}
	if secret != "" {
		e.Headers["x-banyan-secret"] = secret
	}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.SourceIP = "POST", "192.0.2.1"
	return e
}

// TestDeploy_TheOrdersGoThroughWhatTheTemplatesMade deploys to an emulated
// account as far as it goes, takes an order and writes it into legacy with the
// functions from the zips, and takes everything away again.
func TestDeploy_TheOrdersGoThroughWhatTheTemplatesMade(t *testing.T) {
	a := newInAccount(t)
	_, talk, code := a.deploy()
	require.Zero(t, code, talk)
	require.Contains(t, talk, a.name+"-artifacts: a new stack of 2 resources\n")
	require.Contains(t, talk, "Nothing was changed.")
	_, talk, code = a.deploy("--yes")
	require.Zero(t, code, talk)
	require.Contains(t, talk, "The installation "+a.name+" is there.")
	a.requireMade("api", "legacy-adapter")
	carrier := a.settings(a.outputs("listings-adapter")["RelayFunction"])
	require.Equal(t, "listings", carrier["BANYAN_CARRIES"])
	require.Contains(t, carrier["BANYAN_QUEUE"], "-listings-")
	require.Equal(t, carrier["BANYAN_QUEUE"], a.settings(a.outputs("api")["ApiFunction"])["BANYAN_LISTINGS_QUEUE"])

	api := a.function("api", "ApiFunction")
	var answer events.APIGatewayV2HTTPResponse
	invoke(t, api, checkoutEvent(""), &answer)
	require.Equal(t, 403, answer.StatusCode, "what did not come through the edge is refused")
	invoke(t, api, checkoutEvent(a.edgeSecret()), &answer)
	require.Equal(t, 202, answer.StatusCode, answer.Body)

	batch := a.received(a.outputs("api")["QueueUrl"])
	require.Len(t, batch.Records, 1)
	relay := a.function("legacy-adapter", "RelayFunction", "BANYAN_LEGACY_SECRET=")
	var failures events.SQSEventResponse
	for range 2 { // SQS delivers at least once
		invoke(t, relay, batch, &failures)
		require.Empty(t, failures.BatchItemFailures)
	}
	var rows int
	require.NoError(t, a.open().QueryRow("SELECT count(*) FROM orders WHERE email = 'ann@example.com' AND total_cents = 18900").Scan(&rows))
	require.Equal(t, 1, rows)
	out, talk, code := a.banyan("ledger", "--json", "--table", a.outputs("api")["TableName"], "--queue", a.outputs("api")["QueueUrl"])
	require.Zero(t, code, talk)
	require.Contains(t, out, `"written":1,`)
	a.requireRemoved()
}

// received takes messages from a queue as an event source does.
func (a *inAccount) received(queue string) events.SQSEvent {
	client := sqs.NewFromConfig(a.moto.Config())
	out, err := client.ReceiveMessage(a.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 5,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
	require.NoError(a.t, err)
	var event events.SQSEvent
	for _, m := range out.Messages {
		event.Records = append(event.Records, events.SQSMessage{MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, Attributes: m.Attributes, EventSource: "aws:sqs"})
		a.t.Cleanup(func() {
			_, _ = client.DeleteMessage(context.WithoutCancel(a.t.Context()), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle})
		})
	}
	return event
}

// requireMade holds what is there against the templates: everything that is not
// conditional, but for what the emulator does not model.
func (a *inAccount) requireMade(parts ...string) {
	missing := map[string]bool{}
	for _, part := range parts {
		made := map[string]bool{}
		out, err := cfn.NewFromConfig(a.moto.Config()).DescribeStackResources(a.t.Context(), &cfn.DescribeStackResourcesInput{StackName: sdk.String(a.name + "-" + part)})
		require.NoError(a.t, err)
		for _, r := range out.StackResources {
			made[sdk.ToString(r.LogicalResourceId)] = sdk.ToString(r.PhysicalResourceId) != ""
		}
		template, ok := cloudformation.Named(part)
		require.True(a.t, ok)
		document, err := template.Document()
		require.NoError(a.t, err)
		for _, r := range cloudformation.Section(document, "Resources") {
			body := r.Value.(cloudformation.Document)
			if cloudformation.Get(body, "Condition") == nil && !made[r.Key.(string)] {
				missing[cloudformation.Get(body, "Type").(string)] = true
			}
		}
	}
	require.Equal(a.t, notModelled, slices.Sorted(maps.Keys(missing)), "what the emulator did not make")
}

// requireRemoved takes the installation away and looks for what is to stay.
func (a *inAccount) requireRemoved() {
	outputs := a.outputs("api")
	_, talk, code := a.banyan("remove", "--name", a.name)
	require.Equal(a.t, 1, code)
	require.Contains(a.t, talk, "1 orders still wait", "the message is in flight, and nobody has deleted it")
	_, talk, code = a.banyan("remove", "--name", a.name, "--force")
	require.Zero(a.t, code, talk)
	require.Contains(a.t, talk, "Nothing was removed")
	_, talk, code = a.banyan("remove", "--name", a.name, "--force", "--yes")
	require.Zero(a.t, code, talk)
	require.Contains(a.t, talk, "The installation "+a.name+" is gone.")
	_, err := a.moto.DynamoDB().DescribeTable(a.t.Context(), &dynamodb.DescribeTableInput{TableName: sdk.String(outputs["TableName"])})
	require.NoError(a.t, err, "the orders stay")
	_, err = sqs.NewFromConfig(a.moto.Config()).GetQueueAttributes(a.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: sdk.String(outputs["QueueUrl"])})
	require.NoError(a.t, err, "and so does the queue")
}

func TestDeploy_SaysWhatIsWrongBeforeItBuildsAnything(t *testing.T) {
	a := newInAccount(t)
	for _, c := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--only", "moon"}, `there is no part "moon"`},
		{[]string{"--set", "api.SeedSample"}, `--set "api.SeedSample" is not PART.Name=value`},
		{[]string{"--set", "sun.Name=x"}, `there is no part "sun"`},
		{[]string{"--parameters", "/nowhere"}, "nowhere"},
	} {
		_, talk, code := a.banyan(append([]string{"deploy"}, c.flags...)...)
		require.Equal(t, 2, code, talk)
		require.Contains(t, talk, c.says)
	}
	require.NoDirExists(t, filepath.Join(a.folder, "dist"))
	_, talk, code := a.deploy("--set", "api.Sead=true")
	require.Equal(t, 1, code)
	require.Contains(t, talk, "has no parameter Sead")
	_, talk, code = a.banyan("package", "--source", a.folder)
	require.Equal(t, 1, code)
	require.Contains(t, talk, "hint: run it in a clone of the project")
}

func TestTenant_AddWritesParametersAndALinkThatMakesItsStack(t *testing.T) {
	a := newInAccount(t)
	source, err := filepath.Abs("../..")
	require.NoError(t, err)
	add := []string{"tenant", "add", "brook-and-lake", "--json", "--name", a.name, "--source", source, "--arch", runtime.GOARCH, "--set", "BackupDays=7"}
	out, talk, code := a.banyan(add...)
	require.Zero(t, code, talk)
	var made tenant
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	text, err := os.ReadFile(filepath.Join(a.folder, "tenants", "brook-and-lake.json"))
	require.NoError(t, err)
	var parameters []cfntypes.Parameter
	require.NoError(t, json.Unmarshal(text, &parameters))
	require.Contains(t, made.Link, "param_BackupDays=7&")
	require.Contains(t, made.Link, "stackName=banyan-brook-and-lake&")

	client := cfn.NewFromConfig(a.moto.Config())
	_, err = client.CreateStack(t.Context(), &cfn.CreateStackInput{StackName: sdk.String(a.name + "-brook"), TemplateURL: sdk.String(templateURL(made.Link)), Parameters: parameters})
	require.NoError(t, err)
	_, err = client.DeleteStack(t.Context(), &cfn.DeleteStackInput{StackName: sdk.String(a.name + "-brook")})
	require.NoError(t, err)

	_, talk, code = a.banyan("tenant", "add", "Brook & Lake")
	require.Equal(t, 2, code, talk)
	_, talk, code = a.banyan(append(add, "--set", "Bakup=1")...)
	require.Equal(t, 1, code)
	require.Contains(t, talk, "has no parameter Bakup")
}
