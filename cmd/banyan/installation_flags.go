package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/goccy/go-yaml"

	"github.com/banyan-edge/banyan/cloudformation/deploy"
)

// installationFlags say which installation on AWS is meant: its stacks are
// NAME-artifacts, NAME-api, NAME-legacy-adapter, NAME-edge, NAME-ops, where
// listings are taken NAME-listings-adapter and, where the API is not in
// CloudFront's region, NAME-edge-ops.
type installationFlags struct {
	Name        string `help:"The installation's name; its stacks begin with it." default:"banyan"`
	EndpointURL string `help:"Where AWS's services are asked for instead, such as an emulator; AWS_ENDPOINT_URL says the same." name:"endpoint-url" placeholder:"URL"`
}

// parts are the stacks in the order in which they are made: each takes what it
// needs from those before.
var parts = []string{apiPart, relayPart, listingsPart, edgePart, opsPart, edgeOpsPart}

// The parts.
const (
	artifactsPart = "artifacts" // the bucket for zips and templates, in each region
	apiPart       = "api"
	relayPart     = "legacy-adapter"
	listingsPart  = "listings-adapter" // the relay once more, for listings
	edgePart      = "edge"
	opsPart       = "ops"
	edgeOpsPart   = "edge-ops" // the alarms of the edge, whose metrics are in us-east-1
)

func (f installationFlags) stack(part string) string { return f.Name + "-" + part }

// account is AWS as the commands of an installation reach it.
type account struct {
	flags  installationFlags
	config sdk.Config
	term   terminal
}

func (f installationFlags) open(ctx context.Context, term terminal) (*account, error) {
	cfg, err := awsConfig(ctx, f.EndpointURL)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, withHint(errors.New("no AWS region is set"), "set AWS_REGION, or a profile that has one")
	}
	return &account{flags: f, config: cfg, term: term}, nil
}

// region is where a part is: CloudFront's stacks are in us-east-1 alone.
func (a *account) region(part string) string {
	if part == edgePart || part == edgeOpsPart {
		return edgeRegion
	}
	return a.config.Region
}

// apart reports whether the edge is in another region than the API.
func (a *account) apart() bool { return a.config.Region != edgeRegion }

// deployer returns what makes and removes a part. The bucket may be nil.
func (a *account) deployer(part string, bucket *deploy.Bucket) *deploy.Deployer {
	client := cloudformation.NewFromConfig(a.config, func(o *cloudformation.Options) { o.Region = a.region(part) })
	return deploy.New(deploy.Options{CloudFormation: client, Bucket: bucket, Progress: a.term.Err})
}

// bucket returns a bucket in a part's region.
func (a *account) bucket(part, name string) *deploy.Bucket {
	emulated := a.config.BaseEndpoint != nil || os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_S3") != ""
	client := s3.NewFromConfig(a.config, func(o *s3.Options) { o.Region, o.UsePathStyle = a.region(part), emulated })
	return &deploy.Bucket{S3: client, Name: name, Region: a.region(part)}
}

// parameterFlags are what a reader decides about the stacks.
type parameterFlags struct {
	Parameters string   `help:"A file with parameters of the stacks: PART: {Name: value}." type:"existingfile" placeholder:"FILE"`
	Set        []string `help:"One parameter, as PART.Name=value; counts more than the file. Give it once for each." placeholder:"PART.NAME=VALUE" sep:"none"`
}

// read returns what is given, by part.
func (f parameterFlags) read(known []string) (map[string]map[string]string, error) {
	given := make(map[string]map[string]string)
	if f.Parameters != "" {
		text, err := os.ReadFile(f.Parameters)
		if err != nil {
			return nil, fmt.Errorf("read the parameters: %w", err)
		}
		if err := yaml.UnmarshalWithOptions(text, &given, yaml.Strict()); err != nil {
			return nil, withHint(fmt.Errorf("read the parameters in %s: %w", f.Parameters, err), "write PART: {Name: value}, such as edge: {LegacyDomain: legacy.example.com}")
		}
	}
	for _, text := range f.Set {
		name, value, ok := strings.Cut(text, "=")
		part, parameter, dotted := strings.Cut(name, ".")
		if !ok || !dotted {
			return nil, badUsage(fmt.Sprintf("--set %q is not PART.Name=value", text), "write --set edge.LegacyDomain=legacy.example.com")
		}
		if given[part] == nil {
			given[part] = make(map[string]string)
		}
		given[part][parameter] = value
	}
	for part := range given {
		if !slices.Contains(known, part) {
			return nil, badUsage(fmt.Sprintf("there is no part %q", part), "the parts are "+strings.Join(known, ", "))
		}
	}
	return given, nil
}

// explainDeploy gives what deploy says its hint.
func explainDeploy(err error) error {
	var hinting interface {
		error
		Hint() string
	}
	var missing *deploy.MissingError
	switch {
	case errors.As(err, &missing):
		return withHint(err, "give each with --set PART.Name=value, or in the file of --parameters")
	case errors.As(err, &hinting) && hinting.Hint() != "":
		return withHint(err, "%s", hinting.Hint())
	}
	return err
}
