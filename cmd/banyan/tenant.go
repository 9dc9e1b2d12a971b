package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/cloudformation"
	"github.com/banyan-edge/banyan/cloudformation/deploy"
)

type tenantCommand struct {
	Add tenantAddCommand `cmd:"" help:"Write a tenant's parameters, and the link by which its stack is made."`
}

type tenantAddCommand struct {
	Tenant string `arg:"" help:"The tenant's name: lower-case letters, digits and hyphens."`
	installationFlags
	packaging
	Set     []string `help:"One parameter of the tenant's stack, as Name=value. Give it once for each." placeholder:"NAME=VALUE" sep:"none"`
	Tenants string   `help:"Folder of the tenants' parameter files." default:"tenants" type:"path" placeholder:"DIR"`
}

// tenantName is a stack's and a tag's alike (Name of api.yaml).
var tenantName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)

// The parameters of tenant.yaml that say where its code is.
const (
	bucketParameter = "CodeBucket"
	apiParameterKey = "CodeKey"
	relayCodeKey    = "RelayCodeKey"
)

// tenant is what was written for one.
type tenant struct {
	Name string `json:"name"`
	File string `json:"file"` // its parameters, as CloudFormation's commands take them
	Link string `json:"link"` // makes its stack in the AWS console
}

// Run uploads the code and the template, and writes the tenant's file.
func (c tenantAddCommand) Run(ctx context.Context, place Place, term terminal) error {
	if !tenantName.MatchString(c.Tenant) {
		return badUsage(fmt.Sprintf("%q cannot be a tenant's name", c.Tenant), "write 1 to 30 lower-case letters, digits and hyphens, a letter first")
	}
	given := map[string]string{"Name": c.Tenant}
	for _, text := range c.Set {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return badUsage(fmt.Sprintf("--set %q is not Name=value", text), "write --set SubnetIds=subnet-1,subnet-2")
		}
		given[name] = value
	}
	account, err := c.open(ctx, term)
	if err != nil {
		return err
	}
	bundles, err := c.build(ctx, place, term)
	if err != nil {
		return err
	}
	made, err := c.write(ctx, account, bundles, given)
	if err != nil {
		return explainDeploy(err)
	}
	if place.JSON {
		return printJSON(term.Out, made)
	}
	term.say("%s holds the parameters of %s. Either open this link, logged in to the tenant's account,", made.File, made.Name)
	fmt.Fprintln(term.Out, made.Link)
	term.say("or: aws cloudformation create-stack --stack-name banyan-%s --capabilities CAPABILITY_NAMED_IAM --parameters file://%s --template-url %s",
		made.Name, made.File, templateURL(made.Link))
	return nil
}

// write puts code and template into the installation's bucket, which is made
// where it is missing, and the parameters into a file.
func (c tenantAddCommand) write(ctx context.Context, a *account, bundles []deploy.Bundle, given map[string]string) (tenant, error) {
	bucket, err := c.bucketOf(ctx, a)
	if err != nil {
		return tenant{}, err
	}
	keys := map[string]string{apiPart: apiParameterKey, relayPart: relayCodeKey}
	found := map[string]string{bucketParameter: bucket.Name}
	for _, b := range bundles {
		text, err := os.ReadFile(b.Path)
		if err != nil {
			return tenant{}, fmt.Errorf("read the zip: %w", err)
		}
		if err := bucket.Put(ctx, b.Key(), text); err != nil {
			return tenant{}, err
		}
		found[keys[b.Part]] = b.Key()
	}
	stack := deploy.Stack{Name: "banyan-" + c.Tenant, Template: cloudformation.Tenant()}
	if err := stack.Wire(given, found); err != nil {
		return tenant{}, err
	}
	const key = "templates/tenant.yaml"
	if err := bucket.Replace(ctx, key, stack.Template); err != nil {
		return tenant{}, err
	}
	file, err := c.file(stack.Parameters)
	return tenant{c.Tenant, file, quickCreate(a.config.Region, bucket.URL(key), stack)}, err
}

// bucketOf returns the bucket of the installation.
func (c tenantAddCommand) bucketOf(ctx context.Context, a *account) (*deploy.Bucket, error) {
	deployer, name := a.deployer(apiPart, nil), c.stack(artifactsPart)
	outputs, err := deployer.Outputs(ctx, name)
	if errors.Is(err, deploy.ErrNoStack) {
		var changes *deploy.ChangeSet
		if changes, err = deployer.Prepare(ctx, deploy.Stack{Name: name, Template: deploy.Artifacts, Tags: map[string]string{"banyan": c.Name}}); err != nil {
			return nil, err
		}
		if err := deployer.Execute(ctx, changes); err != nil {
			return nil, err
		}
		outputs, err = deployer.Outputs(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	return a.bucket(apiPart, outputs[deploy.ArtifactsOutput]), nil
}

// file writes the parameters as CloudFormation's commands take them.
func (c tenantAddCommand) file(parameters map[string]string) (string, error) {
	type parameter struct{ ParameterKey, ParameterValue string }
	list := make([]parameter, 0, len(parameters))
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		list = append(list, parameter{name, parameters[name]})
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(c.Tenants, 0o755); err != nil {
		return "", fmt.Errorf("make the folder of the tenants: %w", err)
	}
	file := filepath.Join(c.Tenants, c.Tenant+".json")
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("write the tenant's parameters: %w", err)
	}
	return file, nil
}

// quickCreate is the link that opens the AWS console with everything filled in
// (CloudFormation User Guide, "Create quick-create links for stacks").
func quickCreate(region, template string, s deploy.Stack) string {
	query := url.Values{"templateURL": {template}, "stackName": {s.Name}}
	for name, value := range s.Parameters {
		query.Set("param_"+name, value)
	}
	return fmt.Sprintf("https://%s.console.aws.amazon.com/cloudformation/home?region=%s#/stacks/create/review?%s", region, region,
		strings.ReplaceAll(query.Encode(), "+", "%20"))
}

// templateURL is the template's address in a link.
func templateURL(link string) string {
	_, query, _ := strings.Cut(link, "/review?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get("templateURL")
}
