package cloudformation

import (
	_ "embed"
	"slices"
)

// Template is a stack's text, as CloudFormation takes it.
type Template struct {
	Name string // of the file, without .yaml
	Text []byte // YAML
}

//go:embed api.yaml
var api []byte

//go:embed legacy-adapter.yaml
var legacyAdapter []byte

//go:embed ops.yaml
var ops []byte

//go:embed pipeline.yaml
var pipeline []byte

//go:embed stackset.yaml
var stackset []byte

// Templates returns the templates that are the same for every installation: api,
// legacy-adapter, ops, pipeline, tenant and stackset. The edge, which is deployed
// between legacy-adapter and ops, is generated: see Edge.
func Templates() []Template {
	return []Template{
		{"api", slices.Clone(api)},
		{"legacy-adapter", slices.Clone(legacyAdapter)},
		{"ops", slices.Clone(ops)},
		{"pipeline", slices.Clone(pipeline)},
		{"tenant", Tenant()},
		{"stackset", slices.Clone(stackset)},
	}
}

// Named returns the template of that name, and false where there is none.
func Named(name string) (Template, bool) {
	for _, t := range Templates() {
		if t.Name == name {
			return t, true
		}
	}
	return Template{}, false
}
