package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// declared is what is read of a template to give it its parameters.
type declared struct {
	Parameters map[string]struct {
		Default     any    `yaml:"Default"`
		Description string `yaml:"Description"`
	} `yaml:"Parameters"`
}

// MissingError lists the parameters of a stack that nobody gave and that have
// no default, with their descriptions.
type MissingError struct {
	Stack      string
	Parameters map[string]string
}

// Error names them.
func (e *MissingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stack %s needs parameters that nobody gave:", e.Stack)
	for _, name := range slices.Sorted(maps.Keys(e.Parameters)) {
		fmt.Fprintf(&b, "\n  %s: %s", name, e.Parameters[name])
	}
	return b.String()
}

// UnknownError says that a parameter was given that the template does not have.
type UnknownError struct {
	Stack, Parameter string
	Known            []string
}

// Error names it, and those that there are.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("stack %s has no parameter %s (it has %s)", e.Stack, e.Parameter, strings.Join(e.Known, ", "))
}

// Wire fills in a stack's parameters: what was given for it, and from found,
// what others of the installation have to offer under the name of a parameter
// of its template. What is given counts more. An *UnknownError or a
// *MissingError says what does not fit.
func (s *Stack) Wire(given, found map[string]string) error {
	var template declared
	if err := yaml.Unmarshal(parametersOf(s.Template), &template); err != nil {
		return fmt.Errorf("read the template of %s: %w", s.Name, err)
	}
	for name := range given {
		if _, ok := template.Parameters[name]; !ok {
			return &UnknownError{s.Name, name, slices.Sorted(maps.Keys(template.Parameters))}
		}
	}
	s.Parameters = maps.Clone(given)
	if s.Parameters == nil {
		s.Parameters = make(map[string]string)
	}
	missing := make(map[string]string)
	for name, p := range template.Parameters {
		if _, ok := s.Parameters[name]; ok {
			continue
		}
		if value, ok := found[name]; ok {
			s.Parameters[name] = value
		} else if p.Default == nil {
			missing[name] = p.Description
		}
	}
	if len(missing) > 0 {
		return &MissingError{s.Name, missing}
	}
	return nil
}

// parametersOf cuts the section with the parameters out of a template in YAML:
// the rest holds tags of CloudFormation's own that nothing here has to know.
func parametersOf(template []byte) []byte {
	var section strings.Builder
	inside := false
	for line := range strings.Lines(string(template)) {
		if line[0] != ' ' && line[0] != '#' && line[0] != '\n' {
			inside = strings.HasPrefix(line, "Parameters:")
		}
		if inside {
			section.WriteString(line)
		}
	}
	return []byte(section.String())
}
