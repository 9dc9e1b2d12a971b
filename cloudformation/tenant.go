package cloudformation

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"
)

// Tenant returns tenant.yaml: api, legacy-adapter and ops as one stack, each
// wired to the others, for one tenant of many. It is one template and not one
// of three nested stacks because a StackSet with service-managed permissions
// takes no nested ones.
//
// Parameters of legacy-adapter that api has too, with another meaning, begin
// with Relay.
func Tenant() []byte {
	merged := Document{
		{Key: "AWSTemplateFormatVersion", Value: "2010-09-09"},
		{Key: "Description", Value: "Banyan for one tenant: API, relay, alarms and dashboard as one stack, in one Region. What holds orders outlives it. Generated from api.yaml, legacy-adapter.yaml and ops.yaml."},
	}
	taken := map[string]bool{}
	for _, p := range tenantParts() {
		d, err := read(p.text)
		if err != nil {
			panic(fmt.Sprintf("cloudformation: %s: %v", p.name, err)) // it is embedded, and tested
		}
		p.taken = taken
		p.settleNames(d)
		for _, section := range []string{"Parameters", "Rules", "Conditions", "Resources", "Outputs"} {
			merged = p.merge(merged, section, Section(d, section))
		}
	}
	text, err := yaml.MarshalWithOptions(merged, yaml.Indent(2), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		panic(fmt.Sprintf("cloudformation: write tenant.yaml: %v", err))
	}
	return text
}

// part is one of the templates that a tenant's is made of.
type part struct {
	name   string
	text   []byte
	prefix string              // of names that another part has too
	shared []string            // parameters that are another part's
	wired  map[string]Document // parameters that are known inside the stack, and what they are
	always string              // a condition that always holds here
	taken  map[string]bool     // names of the parts before
	named  map[string]string   // new names of this part's
}

func tenantParts() []*part {
	ref := func(name string) Document { return Document{{Key: "Ref", Value: name}} }
	attribute := func(name, attribute string) Document {
		return Document{{Key: "Fn::GetAtt", Value: []any{name, attribute}}}
	}
	return []*part{
		{name: "api", text: api},
		{
			name: "legacy-adapter", text: legacyAdapter, prefix: "Relay", shared: []string{"Name", "CodeBucket", "Release", "LogDays"},
			wired: map[string]Document{
				"QueueUrl": ref("OrderQueue"), "QueueArn": attribute("OrderQueue", "Arn"),
				"DeadLetterUrl": ref("DeadLetterQueue"), "DeadLetterArn": attribute("DeadLetterQueue", "Arn"),
				"TableName": ref("OrderTable"), "BucketName": ref("OrderBucket"),
			},
		},
		{
			name: "ops", text: ops, prefix: "Ops", shared: []string{"Name"}, always: "HasApi",
			wired: map[string]Document{
				"ApiId": ref("Api"), "ApiFunction": ref("Function"), "ApiLogGroup": ref("FunctionLogs"),
				"TableName": ref("OrderTable"), "QueueName": attribute("OrderQueue", "QueueName"), "DeadLetterName": attribute("DeadLetterQueue", "QueueName"),
				"RelayFunction": ref("RelayFunction"), "RelayLogGroup": ref("RelayFunctionLogs"),
			},
		},
	}
}

// settleNames gives new names to what another part has too.
func (p *part) settleNames(d Document) {
	p.named = map[string]string{}
	mine := map[string]bool{}
	for _, section := range []string{"Parameters", "Rules", "Conditions", "Resources", "Outputs"} {
		for _, item := range Section(d, section) {
			name := item.Key.(string)
			if _, wired := p.wired[name]; wired && section == "Parameters" || slices.Contains(p.shared, name) {
				continue
			}
			if p.taken[name] {
				p.named[name] = p.prefix + name
				name = p.prefix + name
			}
			mine[name] = true
		}
	}
	maps.Copy(p.taken, mine)
}

// merge adds a section of this part to the same of those before.
func (p *part) merge(merged Document, section string, own Document) Document {
	at := slices.IndexFunc(merged, func(i yaml.MapItem) bool { return i.Key == section })
	if at < 0 {
		at = len(merged)
		merged = append(merged, yaml.MapItem{Key: section, Value: Document{}})
	}
	all := merged[at].Value.(Document)
	for _, item := range own {
		name := item.Key.(string)
		if p.left(section, name, item.Value) {
			continue
		}
		all = append(all, yaml.MapItem{Key: p.rename(name), Value: p.rewrite(item.Value)})
	}
	merged[at].Value = all
	return merged
}

// left reports whether something of this part is not taken over: what another
// part has, and rules about what is wired here.
func (p *part) left(section, name string, value any) bool {
	switch section {
	case "Parameters":
		_, wired := p.wired[name]
		return wired || slices.Contains(p.shared, name)
	case "Rules":
		return mentions(value, p.wired)
	case "Conditions":
		return name == p.always
	}
	return false
}

func mentions(value any, names map[string]Document) bool {
	switch v := value.(type) {
	case Document:
		if name, ok := Get(v, "Ref").(string); ok {
			_, found := names[name]
			return found
		}
		return slices.ContainsFunc(v, func(i yaml.MapItem) bool { return mentions(i.Value, names) })
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return mentions(e, names) })
	}
	return false
}

func (p *part) rename(name string) string {
	if to, ok := p.named[name]; ok {
		return to
	}
	return name
}

// rewrite gives the parts of a value their new names.
func (p *part) rewrite(value any) any {
	switch v := value.(type) {
	case Document:
		return p.rewriteDocument(v)
	case []any:
		list := make([]any, 0, len(v))
		for _, e := range v {
			if d, ok := e.(Document); ok && p.always != "" && Get(d, "Condition") == p.always && len(d) == 1 {
				continue
			}
			list = append(list, p.rewrite(e))
		}
		return list
	}
	return value
}

func (p *part) rewriteDocument(d Document) any {
	if len(d) == 1 {
		if replaced, ok := p.function(d[0].Key.(string), d[0].Value); ok {
			return replaced
		}
	}
	out := make(Document, 0, len(d))
	for _, item := range d {
		switch item.Key {
		case "Condition":
			if name, ok := item.Value.(string); ok {
				if name == p.always {
					continue
				}
				item.Value = p.rename(name)
				out = append(out, item)
				continue
			}
		case "DependsOn":
			item.Value = p.dependsOn(item.Value)
			out = append(out, item)
			continue
		}
		item.Value = p.rewrite(item.Value)
		out = append(out, item)
	}
	return out
}

func (p *part) dependsOn(value any) any {
	if name, ok := value.(string); ok {
		return p.rename(name)
	}
	list := slices.Clone(value.([]any))
	for i := range list {
		list[i] = p.rename(list[i].(string))
	}
	return list
}

// function rewrites the functions that name things.
func (p *part) function(name string, value any) (any, bool) {
	switch name {
	case "Ref":
		if wired, ok := p.wired[value.(string)]; ok {
			return wired, true
		}
		return Document{{Key: name, Value: p.rename(value.(string))}}, true
	case "Condition":
		if text, ok := value.(string); ok {
			return Document{{Key: name, Value: p.rename(text)}}, true
		}
	case "Fn::GetAtt":
		list := slices.Clone(value.([]any))
		list[0] = p.rename(list[0].(string))
		return Document{{Key: name, Value: list}}, true
	case "Fn::If":
		list := p.rewrite(value).([]any)
		list[0] = p.rename(list[0].(string))
		return Document{{Key: name, Value: list}}, true
	case "Fn::And":
		if list := p.rewrite(value).([]any); len(list) == 1 {
			return list[0], true
		}
	case "Fn::Sub":
		return Document{{Key: name, Value: p.substitute(value)}}, true
	}
	return nil, false
}

var variable = regexp.MustCompile(`\$\{([A-Za-z0-9]+)((?:\.[A-Za-z0-9.]+)?)\}`)

// substitute rewrites the names in a text; what is wired becomes a variable of
// the substitution.
func (p *part) substitute(value any) any {
	text, variables := value, Document{}
	if list, ok := value.([]any); ok {
		text, variables = list[0], slices.Clone(list[1].(Document))
		for i := range variables {
			variables[i].Value = p.rewrite(variables[i].Value)
		}
	}
	own := map[string]bool{}
	for _, v := range variables {
		own[v.Key.(string)] = true
	}
	result := variable.ReplaceAllStringFunc(text.(string), func(found string) string {
		m := variable.FindStringSubmatch(found)
		if wired, ok := p.wired[m[1]]; ok && !own[m[1]] {
			own[m[1]] = true
			variables = append(variables, yaml.MapItem{Key: m[1], Value: wired})
		}
		if own[m[1]] {
			return found
		}
		return "${" + p.rename(m[1]) + m[2] + "}"
	})
	if len(variables) == 0 {
		return result
	}
	return []any{result, variables}
}
