package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/banyan-edge/banyan/edge/cloudfront"
	"github.com/banyan-edge/banyan/edge/cloudfront/publish"
	"github.com/banyan-edge/banyan/edge/route"
)

// edgeStoreFlags say which key-value store the edge on AWS reads: --store, or
// what the stack of --stack says, or edge.store in banyan.yaml, or what the stack
// banyan-edge says.
type edgeStoreFlags struct {
	Store       string `help:"ARN of the edge's key-value store (default: edge.store in banyan.yaml, or as the stack says)." placeholder:"ARN"`
	Stack       string `help:"The edge's stack, to ask it for the store, the API's name and what is deployed (default, where no store is named: banyan-edge)." placeholder:"NAME"`
	EndpointURL string `help:"Where AWS's services are asked for instead, such as an emulator; AWS_ENDPOINT_URL says the same." name:"endpoint-url" placeholder:"URL"`
	edgeFlags
}

const (
	edgeStack  = "banyan-edge"    // where nobody names a stack
	edgeRegion = "us-east-1"      // where CloudFront's stacks are
	memoryName = "published.json" // in the data folder: what the store held last
)

// What the edge's stack says of itself, where it says it. Its store is known by
// its ARN, whatever the output is called.
const (
	behaviorsOutput = "BehaviorsFingerprint"
	functionOutput  = "FunctionFingerprint"
	apiParameter    = "ApiDomain"
)

// edgeStore is the key-value store, and what goes with it.
type edgeStore struct {
	*publish.Publisher
	flags    edgeFlags
	arn      string
	deployed *publish.Edge // nil: the stack was not asked, or does not say
}

// open finds the store. It reads nothing of it yet.
func (f edgeStoreFlags) open(ctx context.Context, place Place, cfg *route.Config, term terminal) (*edgeStore, error) {
	if f.Store != "" && !route.IsStoreARN(f.Store) {
		return nil, badUsage(fmt.Sprintf("--store %q is not the ARN of a key-value store", f.Store), "write arn:aws:cloudfront::ACCOUNT:key-value-store/ID, or name the stack with --stack")
	}
	aws, err := awsConfig(ctx, f.EndpointURL)
	if err != nil {
		return nil, err
	}
	e := &edgeStore{flags: f.edgeFlags, arn: f.Store}
	if e.arn == "" && f.Stack == "" {
		e.arn = cfg.Edge.Store
	}
	if e.arn == "" || f.Stack != "" {
		if err := e.ask(ctx, aws, cmp.Or(f.Stack, edgeStack)); err != nil {
			return nil, err
		}
	}
	e.Publisher, err = publish.New(publish.Options{
		Client: publish.NewClient(aws), Store: e.arn, Memory: publish.FileMemory{Path: place.file(memoryName)},
		Progress: newProgress(term).show, Logger: slog.New(&warnings{term: term}),
	})
	return e, err
}

// ask asks the edge's stack.
func (e *edgeStore) ask(ctx context.Context, aws sdk.Config, name string) error {
	client := cloudformation.NewFromConfig(aws, func(o *cloudformation.Options) { o.Region = edgeRegion })
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return withHint(fmt.Errorf("ask the stack %s for the edge's store: %w", name, err),
			"name the store with --store or edge: {store: …} in banyan.yaml, or its stack with --stack; AWS_PROFILE chooses the account")
	}
	for _, stack := range out.Stacks {
		e.take(stack)
	}
	if e.arn == "" {
		return withHint(fmt.Errorf("the stack %s has no key-value store among its outputs", name), "is it the edge's? name another with --stack, or the store itself with --store")
	}
	return nil
}

// take reads what a stack says.
func (e *edgeStore) take(stack types.Stack) {
	var deployed publish.Edge
	for _, o := range stack.Outputs {
		value := sdk.ToString(o.OutputValue)
		switch name := sdk.ToString(o.OutputKey); {
		case name == behaviorsOutput:
			deployed.Behaviors = value
		case name == functionOutput:
			deployed.Function = value
		case e.arn == "" && route.IsStoreARN(value):
			e.arn = value
		}
	}
	if deployed != (publish.Edge{}) {
		e.deployed = &deployed
	}
	for _, p := range stack.Parameters {
		if sdk.ToString(p.ParameterKey) == apiParameter && e.flags.ServerlessHost == "" {
			e.flags.ServerlessHost = sdk.ToString(p.ParameterValue)
		}
	}
}

// know takes the API's name from what is published, where nobody says it: a
// publish must not take it away.
func (e *edgeStore) know(now publish.State, cfg *route.Config, term terminal) {
	if e.flags.ServerlessHost != "" || !cfg.Origins.Serverless.IsLocal() {
		return
	}
	var head struct{ Serverless string }
	if json.Unmarshal([]byte(now.Items[cloudfront.TableKey]), &head) == nil {
		e.flags.ServerlessHost = head.Serverless
	}
	if e.flags.ServerlessHost == "" {
		term.say("note: nothing says under which name the API is asked; --serverless-host does, or origins.serverless in %s, or the stack", cfg.File)
	}
}

// compile makes what the store is to hold for a table.
func (e *edgeStore) compile(table *route.Table) (publish.Wanted, error) {
	a, err := e.flags.compile(table)
	if err != nil {
		return publish.Wanted{}, err
	}
	w := publish.Wanted{
		Epoch: a.Epoch, Items: make(map[string]string, len(a.Items)), Group: shardOf,
		Edge: publish.Edge{Behaviors: publish.Fingerprint(a.BehaviorsFile()), Function: publish.Fingerprint(a.Function, a.ResponseFunction)},
	}
	for _, item := range a.Items {
		w.Items[item.Key] = item.Value
	}
	if table.Config().Mode == route.ModeAllLegacy {
		w.First = []string{cloudfront.TableKey}
	} else {
		w.Last = []string{cloudfront.TableKey}
	}
	return w, nil
}

// shardOf returns what the values of one shard, which go on under its key with
// more signs, have in common.
func shardOf(key string) string { return strings.TrimRight(key, ">") }

// explainedPublish adds what to do about an error of publishing.
func explainedPublish(err error, left int) error {
	var problem publish.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problem):
		return withHint(err, "%s", problem.Hint)
	case errors.Is(err, publish.ErrStopped):
		return withHint(err, "%d items are left; banyan publish again ends what was begun", left)
	case errors.Is(err, publish.ErrContended):
		return withHint(err, "wait until the other one has ended, and run it again")
	case errors.Is(err, publish.ErrNoStore):
		return withHint(err, "name the right one with --store or --stack; AWS_PROFILE chooses the account")
	case errors.Is(err, publish.ErrDenied):
		return withHint(err, "allow cloudfront-keyvaluestore:DescribeKeyValueStore, ListKeys, GetKey and UpdateKeys on this store; AWS_PROFILE chooses other credentials")
	case errors.Is(err, publish.ErrStoreFull):
		return withHint(err, "banyan plan shows what the table takes")
	}
	return withHint(err, "are there credentials (AWS_PROFILE), and is the endpoint right (AWS_ENDPOINT_URL)? banyan publish again ends what was begun")
}
