package cloudformation

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

// Behavior is a cache behaviour of the distribution.
type Behavior struct {
	PathPattern string   // as CloudFront takes it; "*" is the default one, which need not be given
	Routes      []string // the names of the routes it stands for, shown beside it
	// Cacheable says that pages there may be cached where the stack's parameter
	// CachePages allows it: never so for a path whose answers are a shopper's own.
	Cacheable bool
}

// Functions are the texts of the two CloudFront Functions.
type Functions struct {
	Request  []byte // viewer-request: decides, and selects the origin
	Response []byte // viewer-response: sets the visitor cookie

	// Fingerprint and Behaviors tell what is deployed from what a table needs:
	// outputs that banyan plan reads. Empty: there are no such outputs.
	Fingerprint, Behaviors string
}

// What CloudFront takes ("Quotas", CloudFront Developer Guide).
const (
	MaxBehaviors     = 75    // of a distribution, with the default one and the sale page's; AWS raises it on request
	MaxPatternBytes  = 255   // of a path pattern
	MaxFunctionBytes = 10240 // of a function's text
)

// ErrEdge: the distribution cannot be made as asked. The error around it says
// what is wrong.
var ErrEdge = errors.New("CloudFront does not take it")

// AWS's managed policies, which are the same in every account.
const (
	cachingDisabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" // CachingDisabled
	cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6" // CachingOptimized
	allViewer        = "216adef6-5c7f-47e4-b989-5492eafa07d3" // AllViewer
)

//go:embed edge.yaml.tmpl
var edgeText string

// Edge returns edge.yaml, the stack in front of both arms: a behaviour for each
// of these, in this order, all of which ask the function, and legacy where that
// fails.
func Edge(behaviors []Behavior, f Functions) ([]byte, error) {
	listed, err := checked(behaviors)
	if err == nil {
		err = errors.Join(checkFunction("viewer-request", f.Request), checkFunction("viewer-response", f.Response))
	}
	if err != nil {
		return nil, fmt.Errorf("write edge.yaml: %w", err)
	}
	t := template.Must(template.New("edge.yaml").Funcs(template.FuncMap{"indent": indent, "quote": strconv.Quote, "join": func(names []string) string { return strings.Join(names, ", ") }}).Parse(edgeText))
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"RequestFunction": string(f.Request), "ResponseFunction": string(f.Response), "Behaviors": listed,
		"FunctionFingerprint": f.Fingerprint, "BehaviorsFingerprint": f.Behaviors,
		"CachingDisabled": cachingDisabled, "CachingOptimized": cachingOptimized, "AllViewer": allViewer,
	})
	return b.Bytes(), err
}

// patternForm is what CloudFront takes in a path pattern, ? for one character.
var patternForm = regexp.MustCompile(`^[A-Za-z0-9_.*$/~"'@:+&?-]+$`)

// routeName is what may stand in a comment of the template.
var routeName = regexp.MustCompile(`^[A-Za-z0-9_. -]*$`)

// checked returns the behaviours beside the default one.
func checked(behaviors []Behavior) ([]Behavior, error) {
	var listed []Behavior
	seen := map[string]bool{}
	for _, b := range behaviors {
		switch {
		case b.PathPattern == "*":
			continue
		case seen[b.PathPattern]:
			return nil, fmt.Errorf("the path pattern %s is there twice: %w", b.PathPattern, ErrEdge)
		case len(b.PathPattern) > MaxPatternBytes:
			return nil, fmt.Errorf("the path pattern %s… has %d bytes of %d: %w", b.PathPattern[:40], len(b.PathPattern), MaxPatternBytes, ErrEdge)
		case !patternForm.MatchString(b.PathPattern):
			return nil, fmt.Errorf("the path pattern %q holds a character beside letters, digits and _ - . * ? $ / ~ \" ' @ : + &: %w", b.PathPattern, ErrEdge)
		}
		seen[b.PathPattern] = true
		var routes []string
		for _, r := range b.Routes {
			if routeName.MatchString(r) {
				routes = append(routes, r)
			}
		}
		b.Routes = routes
		listed = append(listed, b)
	}
	if n := len(listed) + 1; n > MaxBehaviors {
		return nil, fmt.Errorf("%d cache behaviours where the quota is %d: %w", n, MaxBehaviors, ErrEdge)
	}
	return listed, nil
}

func checkFunction(event string, text []byte) error {
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return fmt.Errorf("there is no %s function: %w", event, ErrEdge)
	case len(text) > MaxFunctionBytes:
		return fmt.Errorf("the %s function has %d bytes of %d: %w", event, len(text), MaxFunctionBytes, ErrEdge)
	case bytes.ContainsAny(text, "\r\x00") || text[0] == ' ' || text[0] == '\t' || text[0] == '\n':
		return fmt.Errorf("the %s function begins with white space or holds a carriage return, which YAML would change: %w", event, ErrEdge)
	}
	return nil
}

// indent makes text the content of a literal block.
func indent(spaces int, text string) string {
	margin := strings.Repeat(" ", spaces)
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		if line != "\n" {
			b.WriteString(margin)
		}
		b.WriteString(line)
	}
	return b.String()
}
