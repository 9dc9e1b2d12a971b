package cloudfront

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/banyan-edge/banyan/edge/route"
)

// The ids by which the distribution's origins are known to the function, and
// the default origin of every behaviour (OriginLegacy).
const (
	OriginLegacy     = "legacy"
	OriginServerless = "serverless"
)

// The limits of CloudFront that a table can run into. Where a page of the
// developer guide says KB or MB, the smaller reading is taken.
const (
	FunctionBytes = 10_000    // of a function's code
	StoreBytes    = 5_000_000 // of a key-value store, and of the file it is made from
	KeyBytes      = 512
	ValueBytes    = 1_000
	BehaviorQuota = 75 // of a distribution, the default one among them; AWS raises it on request
)

// ErrLimit: the table does not fit what CloudFront takes. The error around it
// has the figures.
var ErrLimit = errors.New("beyond what CloudFront takes")

// Artifact is a table compiled for CloudFront.
//
// The function's text is the same for every table. What differs from table to
// table is in Items, and takes effect some seconds after they are put into the
// key-value store; Behaviors say how CloudFront caches, and change only with a
// deployment.
type Artifact struct {
	Function         []byte     // viewer-request: decides, and selects the origin
	ResponseFunction []byte     // viewer-response: sets the visitor cookie
	Items            []Item     // the whole content of the key-value store, sorted by key
	Behaviors        []Behavior // in CloudFront's order, the default ("*") last
	Epoch            uint64     // the version of the table
	Notes            []string   // what the table says and CloudFront does otherwise, a sentence each
}

// Options are what a table does not say.
type Options struct {
	// ServerlessHost is the name that the serverless origin is asked under.
	// Empty: as origins.serverless in banyan.yaml has it.
	ServerlessHost string

	// NoFallBack leaves out the origin group by which a GET or HEAD that the
	// serverless arm fails is asked of legacy.
	NoFallBack bool

	// RevealArm has every answer say by x-banyan-arm which arm was asked.
	RevealArm bool

	BehaviorQuota int // 0: BehaviorQuota
}

// Compile compiles a table. The error is an ErrLimit where the table does not
// fit, with figures.
func Compile(table *route.Table, o Options) (*Artifact, error) {
	a := &Artifact{Epoch: table.Epoch(), Function: squeeze(functionSource), ResponseFunction: responseFunction(o.RevealArm)}
	for _, f := range [][]byte{a.Function, a.ResponseFunction} {
		if len(f) > FunctionBytes {
			return nil, fmt.Errorf("the function has %d bytes of %d: %w", len(f), FunctionBytes, ErrLimit)
		}
	}
	var err error
	if a.Items, err = items(table, o); err != nil {
		return nil, err
	}
	if a.Behaviors, err = behaviors(table.Config(), o.BehaviorQuota); err != nil {
		return nil, err
	}
	a.Notes = notes(table.Config(), o)
	return a, nil
}

// ItemsFile returns items.json: what a key-value store is imported from.
func (a *Artifact) ItemsFile() []byte { return importFile(a.Items) }

// BehaviorsFile returns behaviors.json.
func (a *Artifact) BehaviorsFile() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(map[string]any{"behaviors": a.Behaviors}); err != nil {
		panic(err) // strings and booleans
	}
	return b.Bytes()
}

// notes says what CloudFront does otherwise than the edge on this machine.
func notes(cfg *route.Config, o Options) (notes []string) {
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if o.ServerlessHost == "" && cfg.Origins.Serverless.IsLocal() {
		add("origins.serverless names no address: unless the API's name is given otherwise, the API is asked under the storefront's, and refuses that where it is not a domain of its own")
	}
	for _, r := range cfg.Routes {
		if r.To == route.ToQueue {
			add("route %s: nothing at CloudFront can keep a request and replay it; what the route matches goes straight to legacy", r.Name)
		}
		for _, m := range r.Methods {
			if !slices.Contains(Methods, m) {
				add("route %s: CloudFront refuses the method %s before any route is asked", r.Name, m)
			}
		}
	}
	return notes
}
