package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
)

// storeFlags say where the orders are, to the commands that look after them. What
// they leave out is read from intake.store in banyan.yaml:
//
//	intake:
//	  store: {aws: {table: orders, queue: https://sqs.…/orders.fifo}}
type storeFlags struct {
	Table       string `help:"The DynamoDB table of the orders (default: intake.store.aws.table in banyan.yaml)." placeholder:"NAME"`
	Queue       string `help:"The URL of the queue of orders (default: intake.store.aws.queue)." placeholder:"URL"`
	DeadLetters string `help:"The URL of its dead-letter queue (default: intake.store.aws.dead_letters, or the one in the queue's redrive policy)." placeholder:"URL"`
	Bucket      string `help:"The bucket of orders too large for a message (default: intake.store.aws.bucket)." placeholder:"NAME"`
	Tenant      string `help:"Whose orders these are, on a queue that several shops share (default: intake.store.aws.tenant)." placeholder:"NAME"`
	EndpointURL string `help:"Where AWS's services are asked for instead, such as an emulator; AWS_ENDPOINT_URL says the same." name:"endpoint-url" placeholder:"URL"`
}

// AfterApply hands the flags to the place that every command is given.
func (f storeFlags) AfterApply(p *Place) error {
	p.store = &storeChoice{flags: f}
	return nil
}

// storeChoice is what a command's flags say of the store, and the store on AWS
// once it is open.
type storeChoice struct {
	flags storeFlags
	cloud *cloud
}

// orderBook is what commands read orders from.
type orderBook interface {
	Find(ctx context.Context, id string) (order.Record, error)
	List(ctx context.Context, f intake.Filter) ([]order.Record, error)
	Ledger(ctx context.Context) (order.Ledger, error)
	Stocks(ctx context.Context) ([]order.Stock, error)
	Causes(ctx context.Context) ([]intake.Cause, error)
	DeadLetters(ctx context.Context, f intake.DeadFilter) ([]intake.DeadLetter, error)
	Trail(ctx context.Context, id string) ([]intake.AuditEntry, error)
	Close() error
}

var _ orderBook = (*local.Reader)(nil)

// orders opens the orders for reading: on AWS where the flags or banyan.yaml say
// so, else those of the data folder, beside a running process.
func (p Place) orders(ctx context.Context) (orderBook, error) {
	switch c, err := p.cloud(ctx); {
	case err != nil:
		return nil, err
	case c != nil:
		return c, nil
	}
	file := p.file(intakeName)
	if exists(file) != nil {
		return nil, withHint(fmt.Errorf("there are no orders in %s", p.Data), `name the data folder of "banyan up" with --data, or a table and a queue on AWS with --table and --queue`)
	}
	return local.OpenReadOnly(file)
}

// cloud opens the store on AWS; nil where the orders are here.
func (p Place) cloud(ctx context.Context) (*cloud, error) {
	if p.store != nil && p.store.cloud != nil {
		return p.store.cloud, nil
	}
	s, on, err := p.storeSettings()
	if err != nil || !on {
		return nil, err
	}
	c, err := openCloud(ctx, cloudOptions{storeFlags: s})
	if err != nil {
		return nil, err
	}
	c.place = p
	if p.store != nil {
		p.store.cloud = c
	}
	return c, nil
}

// storeSettings puts flags and banyan.yaml together. on says that the orders are
// on AWS.
func (p Place) storeSettings() (s storeFlags, on bool, err error) {
	if p.store != nil {
		s = p.store.flags
	}
	cfg, _, err := p.config()
	if err == nil {
		var written storeFlags
		written, on, err = intakeSettings(cfg)
		s = s.over(written)
	} else if p.Config == "" { // without a configuration there is only what the flags say
		err = nil
	}
	on = on || s.Table != "" || s.Queue != ""
	switch {
	case err != nil || !on:
		return s, false, err
	case s.Table == "":
		return s, true, badUsage("the orders are on AWS, and no table is named", "name the DynamoDB table with --table, or in banyan.yaml under intake.store.aws")
	case s.Queue == "":
		return s, true, badUsage("the orders are on AWS, and no queue is named", "give the queue's URL with --queue, or in banyan.yaml under intake.store.aws")
	}
	return s, true, nil
}

// over returns these settings, and the written ones where these are silent.
func (f storeFlags) over(written storeFlags) storeFlags {
	for _, pair := range []struct{ to, from *string }{
		{&f.Table, &written.Table}, {&f.Queue, &written.Queue}, {&f.DeadLetters, &written.DeadLetters},
		{&f.Bucket, &written.Bucket}, {&f.Tenant, &written.Tenant},
	} {
		if *pair.to == "" {
			*pair.to = *pair.from
		}
	}
	return f
}

// config reads banyan.yaml alone: what looks after orders needs no products. A
// file with mistakes in its routes still says where the orders are.
func (p Place) config() (*route.Config, string, error) {
	path, err := p.find()
	if err != nil {
		return nil, "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("read the configuration: %w", err)
	}
	cfg, _ := route.ReadConfig(path, text)
	return cfg, path, nil
}

// The words of intake.store.
const (
	storeLocal = "local"
	storeAWS   = "aws"
)

// intakeSettings reads the intake section. on says that its store is aws.
func intakeSettings(cfg *route.Config) (s storeFlags, on bool, err error) {
	s, on, findings := readIntake(cfg)
	return s, on, findings.Err()
}

func readIntake(cfg *route.Config) (s storeFlags, on bool, findings route.Findings) {
	r := intakeReader{file: cfg.File}
	for key, value := range r.fields(cfg.Intake, "intake") {
		if key.GetToken().Value != "store" {
			r.add(key, "intake has the one key store", "unknown key in intake")
			continue
		}
		s, on = r.store(value)
	}
	return s, on, r.findings
}

// intakeReader reads the intake section as strictly as edge/route reads the
// rest of the file.
type intakeReader struct {
	file     string
	findings route.Findings
}

func (r *intakeReader) add(n ast.Node, hint, message string) {
	f := route.Finding{File: r.file, Message: message, Hint: hint, Severity: route.Error}
	if t := n.GetToken(); t != nil {
		f.Text, f.Line, f.Column = t.Value, t.Position.Line, t.Position.Column
	}
	r.findings = append(r.findings, f)
}

// fields goes through the keys of a mapping.
func (r *intakeReader) fields(n ast.Node, what string) func(func(ast.Node, ast.Node) bool) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case nil, *ast.NullNode:
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.add(n, "", what+" must be keys and values")
	}
	return func(yield func(ast.Node, ast.Node) bool) {
		for _, v := range values {
			if !yield(v.Key, v.Value) {
				return
			}
		}
	}
}

const storeHint = "write local, or aws: {table: NAME, queue: URL}"

func (r *intakeReader) store(n ast.Node) (s storeFlags, on bool) {
	if text, ok := n.(*ast.StringNode); ok {
		if text.Value != storeLocal && text.Value != storeAWS {
			r.add(n, storeHint, "unknown store")
		}
		return s, text.Value == storeAWS
	}
	settings := map[string]*string{
		"table": &s.Table, "queue": &s.Queue, "dead_letters": &s.DeadLetters, "bucket": &s.Bucket, "tenant": &s.Tenant,
	}
	for key, value := range r.fields(n, "intake.store") {
		if key.GetToken().Value != storeAWS {
			r.add(key, storeHint, "unknown store")
			continue
		}
		on = true
		for key, value := range r.fields(value, "intake.store.aws") {
			into, known := settings[key.GetToken().Value]
			text, plain := value.(*ast.StringNode)
			switch {
			case !known:
				r.add(key, "there are table, queue, dead_letters, bucket and tenant", "unknown key in intake.store.aws")
			case !plain || strings.TrimSpace(text.Value) == "":
				r.add(value, "write the value itself", "this must be a text")
			default:
				*into = text.Value
			}
		}
	}
	return s, on
}

// keptHere refuses a configuration whose orders are not kept in the data folder:
// orders taken here would be in nobody's queue.
func keptHere(cfg *route.Config) error {
	_, onAWS, err := intakeSettings(cfg)
	if err == nil && onAWS {
		err = withHint(errors.New("intake.store is aws, and banyan up keeps orders in the data folder only"),
			`on AWS the API takes them, as a function: give its address as origins.serverless.url and write "store: local" in the banyan.yaml of this edge; "banyan relay" takes them to legacy`)
	}
	return err
}
