package cloudformation

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Document is a template, or a part of one, in the order in which it was
// written: a value is a Document, a []any, a string, a number, a boolean or nil.
// What YAML writes as !Sub is {"Fn::Sub": …} here.
type Document = yaml.MapSlice

// Document reads the template.
func (t Template) Document() (Document, error) {
	d, err := read(t.Text)
	if err != nil {
		return nil, fmt.Errorf("read template %s: %w", t.Name, err)
	}
	return d, nil
}

// Get returns the value at a path of keys, or nil where there is none.
func Get(d Document, keys ...string) any {
	var value any = d
	for _, key := range keys {
		d, ok := value.(Document)
		if !ok {
			return nil
		}
		value = nil
		for _, item := range d {
			if item.Key == key {
				value = item.Value
			}
		}
	}
	return value
}

// Section returns a part of the template that has names for keys, such as
// Resources. It is empty where there is none.
func Section(d Document, keys ...string) Document {
	s, _ := Get(d, keys...).(Document)
	return s
}

// pseudo is a reference to a parameter of CloudFormation's own; inside brackets
// the parser takes its colons for a mapping's.
var pseudo = regexp.MustCompile(`!Ref (AWS::[A-Za-z]+)`)

func read(text []byte) (Document, error) {
	file, err := parser.ParseBytes(pseudo.ReplaceAll(text, []byte(`!Ref "$1"`)), 0)
	if err != nil {
		return nil, err
	}
	if len(file.Docs) != 1 {
		return nil, fmt.Errorf("%d documents in one template", len(file.Docs))
	}
	value, err := valueOf(file.Docs[0].Body)
	if err != nil {
		return nil, err
	}
	d, ok := value.(Document)
	if !ok {
		return nil, fmt.Errorf("a template is a mapping, not %T", value)
	}
	return d, nil
}

func valueOf(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.TagNode:
		return functionOf(n)
	case *ast.MappingNode:
		d := Document{}
		for _, pair := range n.Values {
			item, err := itemOf(pair)
			if err != nil {
				return nil, err
			}
			d = append(d, item)
		}
		return d, nil
	case *ast.MappingValueNode:
		item, err := itemOf(n)
		return Document{item}, err
	case *ast.SequenceNode:
		list := make([]any, 0, len(n.Values))
		for _, v := range n.Values {
			value, err := valueOf(v)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case ast.ScalarNode:
		return n.GetValue(), nil
	}
	return nil, fmt.Errorf("%s: %s is not read in a template", node.GetPath(), node.Type())
}

func itemOf(n *ast.MappingValueNode) (yaml.MapItem, error) {
	key := strings.Trim(n.Key.String(), `"'`)
	if strings.HasPrefix(key, "!") {
		return yaml.MapItem{}, fmt.Errorf("%s: %s is not read as a key", n.GetPath(), key)
	}
	value, err := valueOf(n.Value)
	return yaml.MapItem{Key: key, Value: value}, err
}

// functionOf turns the short form of a function into the long one.
func functionOf(n *ast.TagNode) (any, error) {
	name := strings.TrimPrefix(n.Start.Value, "!")
	value, err := valueOf(n.Value)
	if err != nil {
		return nil, err
	}
	switch name {
	case "Ref", "Condition":
		return Document{{Key: name, Value: value}}, nil
	case "GetAtt":
		if text, ok := value.(string); ok {
			resource, attribute, _ := strings.Cut(text, ".")
			value = []any{resource, attribute}
		}
	}
	return Document{{Key: "Fn::" + name, Value: value}}, nil
}
