package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/cloudformation"
	"github.com/banyan-edge/banyan/cloudformation/deploy"
	"github.com/banyan-edge/banyan/edge/cloudfront"
	"github.com/banyan-edge/banyan/edge/cloudfront/publish"
	"github.com/banyan-edge/banyan/edge/route"
)

type deployCommand struct {
	installationFlags
	parameterFlags
	packaging
	edgeFlags
	Only         []string `help:"Only these parts, comma-separated: api, legacy-adapter, listings-adapter, edge, ops, edge-ops." placeholder:"PART"`
	Yes          bool     `help:"Make the changes; without it they are only shown." short:"y"`
	AllowReplace bool     `help:"Go on where something that holds orders would be replaced by a new, empty one."`
}

// Run shows what deploying would change, or does it.
func (c deployCommand) Run(ctx context.Context, place Place, term terminal) error {
	for _, part := range c.Only {
		if !slices.Contains(parts, part) {
			return badUsage(fmt.Sprintf("there is no part %q", part), "the parts are "+strings.Join(parts, ", "))
		}
	}
	given, err := c.read(parts)
	if err != nil {
		return err
	}
	table, err := place.table(term)
	if err != nil {
		return err
	}
	artifact, err := c.compile(table)
	if err != nil {
		return err
	}
	account, err := c.open(ctx, term)
	if err != nil {
		return err
	}
	bundles, err := c.build(ctx, place, term)
	if err != nil {
		return err
	}
	d := &deployment{command: c, account: account, given: given, table: table, artifact: artifact, bundles: bundles,
		found: map[string]string{"Name": c.Name}}
	if err := d.run(ctx); err != nil {
		return explainDeploy(err)
	}
	if place.JSON {
		return printJSON(term.Out, d.shown)
	}
	return nil
}

// deployment is an installation on its way to AWS.
type deployment struct {
	command  deployCommand
	account  *account
	given    map[string]map[string]string
	table    *route.Table
	artifact *cloudfront.Artifact
	bundles  []deploy.Bundle

	found                  map[string]string // what the parts so far have to offer
	codeBucket, edgeBucket *deploy.Bucket    // nil where they are not there yet
	later                  []string          // parts that can only be shown when others are there
	shown                  []*deploy.ChangeSet
}

func (d *deployment) run(ctx context.Context) error {
	d.offerLegacy()
	if err := d.artifacts(ctx, apiPart); err != nil {
		return err
	}
	for _, part := range parts {
		if part == edgeOpsPart && !d.account.apart() || part == listingsPart && !d.takesListings() {
			continue
		}
		if part == edgePart {
			if err := d.readyTheEdge(ctx); err != nil {
				return err
			}
		}
		if err := d.part(ctx, part); err != nil {
			return err
		}
	}
	d.sayWhatIsNext()
	return nil
}

// takesListings reports whether the API has a queue of listings.
func (d *deployment) takesListings() bool {
	queue := d.found["ListingQueueUrl"]
	return queue != "" && queue != "none"
}

// readyTheEdge compiles the table for the API's own name, and puts it where a new
// edge's store is filled from.
func (d *deployment) readyTheEdge(ctx context.Context) (err error) {
	if d.command.ServerlessHost == "" && d.found["ApiDomain"] != "" {
		flags := d.command.edgeFlags
		flags.ServerlessHost = d.found["ApiDomain"]
		if d.artifact, err = flags.compile(d.table); err != nil {
			return err
		}
	}
	return d.artifacts(ctx, edgePart)
}

// offerLegacy takes legacy's host from banyan.yaml, unless it is one that only
// this machine reaches.
func (d *deployment) offerLegacy() {
	u := d.table.Config().Origins.Legacy.Address()
	if u == nil || u.Hostname() == "localhost" || strings.HasPrefix(u.Hostname(), "127.") {
		return
	}
	d.found["LegacyDomain"] = u.Hostname()
	if u.Scheme == "http" {
		d.found["LegacyProtocol"] = "http-only"
	}
	port, parameter := u.Port(), map[string]string{"http": "LegacyHttpPort", "https": "LegacyHttpsPort"}[u.Scheme]
	if port != "" {
		d.found[parameter] = port
	}
}

// artifacts makes the bucket for zips and large templates in a part's region,
// and uploads what the stacks there need. Without --yes nothing is made, and
// where there is no bucket yet nothing can be uploaded.
func (d *deployment) artifacts(ctx context.Context, part string) error {
	deployer, stack := d.account.deployer(part, nil), deploy.Stack{Name: d.command.stack(artifactsPart), Template: deploy.Artifacts, Tags: d.tags()}
	if part != edgePart || d.account.apart() {
		if err := d.apply(ctx, deployer, stack); err != nil {
			return err
		}
	}
	outputs, err := deployer.Outputs(ctx, stack.Name)
	if errors.Is(err, deploy.ErrNoStack) && !d.command.Yes {
		d.later = append(d.later, artifactsPart)
		return nil
	}
	if err != nil {
		return err
	}
	bucket := d.account.bucket(part, outputs[deploy.ArtifactsOutput])
	if part == edgePart {
		d.edgeBucket = bucket
		return bucket.Put(ctx, d.itemsKey(), d.artifact.ItemsFile())
	}
	d.found["CodeBucket"], d.codeBucket = bucket.Name, bucket
	for _, b := range d.bundles {
		text, err := os.ReadFile(b.Path)
		if err != nil {
			return fmt.Errorf("read the zip: %w", err)
		}
		if err := bucket.Put(ctx, b.Key(), text); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployment) itemsKey() string { return fmt.Sprintf("items/%d.json", d.artifact.Epoch) }

func (d *deployment) tags() map[string]string { return map[string]string{"banyan": d.command.Name} }

// part makes or changes one part, or says what would be.
func (d *deployment) part(ctx context.Context, part string) error {
	bucket := d.codeBucket
	if d.account.apart() && d.account.region(part) == edgeRegion {
		bucket = d.edgeBucket
	}
	deployer := d.account.deployer(part, bucket)
	stack, err := d.stack(part)
	if err != nil {
		return err
	}
	if len(d.command.Only) == 0 || slices.Contains(d.command.Only, part) {
		if ready, err := d.wire(part, &stack); err != nil || !ready {
			return err
		}
		if part == edgePart {
			err = d.fillOnce(ctx, deployer, &stack)
		}
		if err == nil {
			err = d.apply(ctx, deployer, stack)
		}
		if err != nil {
			return err
		}
	}
	outputs, err := deployer.Outputs(ctx, stack.Name)
	if errors.Is(err, deploy.ErrNoStack) {
		d.later = append(d.later, part)
		return nil
	}
	if part != listingsPart { // it is the relay's template: its outputs have the same names
		maps.Copy(d.found, outputs)
	}
	return err
}

// likeTheRelay returns the parameters of the relay for listings: those of the
// relay for orders, its own where they are given, and the other queue.
func (d *deployment) likeTheRelay(offer map[string]string) map[string]string {
	for to, from := range map[string]string{"QueueUrl": "ListingQueueUrl", "QueueArn": "ListingQueueArn",
		"DeadLetterUrl": "ListingDeadLetterUrl", "DeadLetterArn": "ListingDeadLetterArn", "DatabaseSecretArn": "DatabaseSecret"} {
		if value, ok := d.found[from]; ok {
			offer[to] = value
		}
	}
	given := maps.Clone(d.given[relayPart])
	if given == nil {
		given = make(map[string]string)
	}
	given["Carries"], given["Concurrency"] = "listings", "2" // the least there can be: the budget is for orders
	maps.Copy(given, d.given[listingsPart])
	return given
}

// wire gives a stack its parameters. It is false where they come from stacks
// that are not there yet, and nothing is to be made.
func (d *deployment) wire(part string, stack *deploy.Stack) (ready bool, err error) {
	offer := maps.Clone(d.found)
	for _, name := range []string{"DistributionId", "RequestFunction", "WebAcl"} {
		if part == opsPart && d.account.apart() {
			delete(offer, name) // their alarms are made in their own region
		}
	}
	if part == edgeOpsPart {
		offer = map[string]string{"Name": d.command.Name}
		for _, name := range []string{"DistributionId", "RequestFunction", "WebAcl"} {
			if value, ok := d.found[name]; ok {
				offer[name] = value
			}
		}
	}
	given := d.given[part]
	if part == listingsPart {
		given = d.likeTheRelay(offer)
	}
	err = stack.Wire(given, offer)
	var missing *deploy.MissingError
	if errors.As(err, &missing) && !d.command.Yes && len(d.later) > 0 {
		d.account.term.say("%s: a new stack; what is in it can be shown when %s is there", stack.Name, d.command.stack(d.later[0]))
		d.later = append(d.later, part)
		return false, nil
	}
	return err == nil, err
}

// stack returns a part's stack without its parameters, and puts what it alone
// needs among what is found.
func (d *deployment) stack(part string) (deploy.Stack, error) {
	s := deploy.Stack{Name: d.command.stack(part), Tags: d.tags()}
	for _, b := range d.bundles {
		if b.Part == part {
			d.found["CodeKey"] = b.Key() // the listings' relay, which comes after, has that of the orders'
		}
	}
	if part == edgePart {
		var err error
		s.Template, err = edgeTemplate(d.artifact)
		return s, err
	}
	if part == listingsPart {
		part = relayPart
	}
	t, _ := cloudformation.Named(strings.TrimPrefix(part, "edge-"))
	s.Template = t.Text
	return s, nil
}

// apply shows a stack's changes, and makes them where that is asked for.
func (d *deployment) apply(ctx context.Context, deployer *deploy.Deployer, s deploy.Stack) error {
	c, err := deployer.Prepare(ctx, s)
	if err != nil {
		return err
	}
	d.shown = append(d.shown, c)
	if _, err := c.WriteTo(d.account.term.Err); err != nil {
		return err
	}
	if risks := c.Risks(); len(risks) > 0 && !d.command.AllowReplace && d.command.Yes {
		return errors.Join(withHint(fmt.Errorf("%s: %s (%s) would be replaced by a new, empty one", s.Name, risks[0].Resource, risks[0].Type),
			"see what changed in its parameters; --allow-replace goes on, and the old one is kept"), deployer.Drop(ctx, c))
	}
	if !d.command.Yes {
		if c.Empty() {
			return nil
		}
		return deployer.Drop(ctx, c)
	}
	return deployer.Execute(ctx, c)
}

// fillOnce has a new edge's store filled from the table. Later changes of the
// table go by "banyan publish"; another source would make another store.
func (d *deployment) fillOnce(ctx context.Context, deployer *deploy.Deployer, s *deploy.Stack) error {
	const parameter = "ItemsArn"
	if s.Parameters[parameter] != "" || d.edgeBucket == nil {
		return nil
	}
	before, err := deployer.Parameters(ctx, s.Name)
	switch {
	case errors.Is(err, deploy.ErrNoStack):
		s.Parameters[parameter] = fmt.Sprintf("arn:aws:s3:::%s/%s", d.edgeBucket.Name, d.itemsKey())
	case err != nil:
		return err
	case before[parameter] != "":
		s.Parameters[parameter] = before[parameter]
	}
	return nil
}

// sayWhatIsNext says what is left to do by hand.
func (d *deployment) sayWhatIsNext() {
	say := d.account.term.say
	if !d.command.Yes {
		say("\nNothing was changed. banyan deploy --yes makes the changes.")
		return
	}
	say("\nThe installation %s is there.", d.command.Name)
	if secret := d.found["DatabaseSecret"]; secret != "" {
		say("  legacy's database:  aws secretsmanager put-secret-value --secret-id %s --secret-string 'postgres://…' (once)", secret)
	}
	if domain := d.found["DistributionDomain"]; domain != "" {
		say("  the storefront:     https://%s; point its names there when it answers as it should", domain)
	}
	say("  a flip:             banyan flip PRODUCT serverless --publish, then banyan receipt PRODUCT")
	say("  all of it away:     banyan remove; the orders stay")
}

// edgeTemplate writes the edge's stack for a compiled table.
func edgeTemplate(a *cloudfront.Artifact) ([]byte, error) {
	behaviors := make([]cloudformation.Behavior, len(a.Behaviors))
	for i, b := range a.Behaviors {
		behaviors[i] = cloudformation.Behavior{PathPattern: b.PathPattern, Routes: b.Routes, Cacheable: b.Arm == cloudfront.LegacyArm || b.Products}
	}
	return cloudformation.Edge(behaviors, cloudformation.Functions{
		Request: a.Function, Response: a.ResponseFunction,
		Fingerprint: publish.Fingerprint(a.Function, a.ResponseFunction), Behaviors: publish.Fingerprint(a.BehaviorsFile()),
	})
}
