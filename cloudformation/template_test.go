package cloudformation_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/banyan-edge/banyan/cloudformation"
)

// every is each template, and an edge of 20 routes.
func every(t *testing.T) []cloudformation.Template {
	return append(cloudformation.Templates(), edge(t, behaviors(20)))
}

func each(t *testing.T, check func(t *testing.T, template cloudformation.Template, d cloudformation.Document)) {
	for _, template := range every(t) {
		t.Run(template.Name, func(t *testing.T) {
			d, err := template.Document()
			require.NoError(t, err)
			check(t, template, d)
		})
	}
}

// TestTemplates_AreWrittenForTheLinters writes them all into the folder that
// BANYAN_TEMPLATES_OUT names, with edges of 1, 20 and 75 behaviours.
func TestTemplates_AreWrittenForTheLinters(t *testing.T) {
	folder := os.Getenv("BANYAN_TEMPLATES_OUT")
	if folder == "" {
		t.Skip("BANYAN_TEMPLATES_OUT is not set")
	}
	for _, template := range cloudformation.Templates() {
		require.NoError(t, os.WriteFile(filepath.Join(folder, template.Name+".yaml"), template.Text, 0o644))
	}
	for name, n := range map[string]int{"edge-1.yaml": 0, "edge-20.yaml": 19, "edge-75.yaml": 74} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), edge(t, behaviors(n)).Text, 0o644))
	}
}

func TestTemplates_SayWhatEachParameterIsAndWhatItTakes(t *testing.T) {
	each(t, func(t *testing.T, template cloudformation.Template, d cloudformation.Document) {
		text := string(template.Text)
		for _, p := range cloudformation.Section(d, "Parameters") {
			name, parameter := p.Key.(string), p.Value.(cloudformation.Document)
			description, _ := cloudformation.Get(parameter, "Description").(string)
			require.Greater(t, len(description), 15, name)
			limited := slices.ContainsFunc(parameter, func(i goccy.MapItem) bool {
				return slices.Contains([]any{"AllowedPattern", "AllowedValues", "MinLength", "MaxLength", "MinValue"}, i.Key)
			})
			require.True(t, limited || cloudformation.Get(parameter, "Type") == "CommaDelimitedList", "%s takes anything", name)
			if cloudformation.Get(parameter, "AllowedPattern") != nil {
				require.NotNil(t, cloudformation.Get(parameter, "ConstraintDescription"), "%s refuses without saying why", name)
				pattern := regexp.MustCompile(cloudformation.Get(parameter, "AllowedPattern").(string))
				if value := cloudformation.Get(parameter, "Default"); value != nil {
					require.Regexp(t, pattern, value, "%s's default", name)
				}
			}
			uses := strings.Count(text, name)
			require.Greater(t, uses, 1, "%s is not used", name)
		}
		groups, _ := cloudformation.Get(d, "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups").([]any)
		var grouped []any
		for _, g := range groups {
			grouped = append(grouped, cloudformation.Get(g.(cloudformation.Document), "Parameters").([]any)...)
		}
		for _, p := range cloudformation.Section(d, "Parameters") {
			require.True(t, groups == nil || slices.Contains(grouped, p.Key), "%s is in no group", p.Key)
		}
	})
}

func TestTemplates_OutputsAreDescribedAndExported(t *testing.T) {
	each(t, func(t *testing.T, _ cloudformation.Template, d cloudformation.Document) {
		outputs := cloudformation.Section(d, "Outputs")
		require.NotEmpty(t, outputs)
		for _, o := range outputs {
			output := o.Value.(cloudformation.Document)
			require.NotEmpty(t, cloudformation.Get(output, "Description"), o.Key)
			export, _ := cloudformation.Get(output, "Export", "Name", "Fn::Sub").(string)
			require.Equal(t, "${AWS::StackName}-", export[:min(len(export), 18)], "%s is exported under its stack's name", o.Key)
		}
	})
}

var wiring = regexp.MustCompile(`\(output (\w+) of ([a-z-]+)\.yaml\)`)

// TestTemplates_FitTogether: what a parameter says is another stack's output is
// one, under the parameter's own name, by which a deployment finds it.
func TestTemplates_FitTogether(t *testing.T) {
	outputs := map[string]cloudformation.Document{}
	for _, template := range every(t) {
		d, err := template.Document()
		require.NoError(t, err)
		outputs[template.Name] = cloudformation.Section(d, "Outputs")
	}
	wired := 0
	each(t, func(t *testing.T, _ cloudformation.Template, d cloudformation.Document) {
		for _, p := range cloudformation.Section(d, "Parameters") {
			said := wiring.FindStringSubmatch(cloudformation.Get(p.Value.(cloudformation.Document), "Description").(string))
			if said == nil {
				continue
			}
			wired++
			require.NotNil(t, cloudformation.Get(outputs[said[2]], said[1]), "%s: %s has no output %s", p.Key, said[2], said[1])
			if p.Key != "NotificationTopicArn" { // may be another topic
				require.Equal(t, p.Key, said[1])
			}
		}
	})
	require.Greater(t, wired, 15)
}

// tagless are types that take no tags, by CloudFormation's schemas.
var tagless = map[string]bool{
	"AWS::SQS::QueuePolicy": true, "AWS::S3::BucketPolicy": true, "AWS::SNS::TopicPolicy": true, "AWS::SNS::Subscription": true,
	"AWS::Backup::BackupSelection": true, "AWS::IAM::RolePolicy": true, "AWS::Lambda::Version": true, "AWS::Lambda::Alias": true,
	"AWS::Lambda::Permission": true, "AWS::Lambda::EventInvokeConfig": true, "AWS::ApplicationAutoScaling::ScalableTarget": true,
	"AWS::Events::Rule": true, "AWS::ApiGatewayV2::Integration": true, "AWS::ApiGatewayV2::Route": true, "AWS::ApiGatewayV2::ApiMapping": true,
	"AWS::Route53::RecordSet": true, "AWS::EC2::SecurityGroupIngress": true, "AWS::Logs::MetricFilter": true, "AWS::CloudWatch::Dashboard": true,
	"AWS::CloudFront::CachePolicy": true, "AWS::CloudFront::ResponseHeadersPolicy": true, "AWS::CloudFront::OriginAccessControl": true,
	"AWS::WAFv2::LoggingConfiguration": true,
}

func TestTemplates_TagWhatTakesTags(t *testing.T) {
	each(t, func(t *testing.T, _ cloudformation.Template, d cloudformation.Document) {
		for _, r := range cloudformation.Section(d, "Resources") {
			resource := r.Value.(cloudformation.Document)
			kind := cloudformation.Get(resource, "Type").(string)
			tagged := false
			for _, p := range cloudformation.Section(resource, "Properties") {
				tagged = tagged || slices.Contains([]any{"Tags", "BackupVaultTags", "BackupPlanTags", "ResourceTags"}, p.Key)
			}
			if r.Key == "TopicKey" {
				continue // tagged as its stack is; moto takes no key with tags of its own
			}
			require.Equal(t, !tagless[kind], tagged, "%s, a %s", r.Key, kind)
		}
	})
}

// TestTemplates_AreWhatAStackSetTakes: one with service-managed permissions takes
// no macros and no nested stacks.
func TestTemplates_AreWhatAStackSetTakes(t *testing.T) {
	each(t, func(t *testing.T, template cloudformation.Template, d cloudformation.Document) {
		require.Nil(t, cloudformation.Get(d, "Transform"))
		require.NotContains(t, string(template.Text), "AWS::CloudFormation::Stack\n")
		require.NotContains(t, string(template.Text), "Fn::Transform")
		require.Less(t, len(template.Text), 1<<20, "what CloudFormation takes from a bucket")
		require.Less(t, len(cloudformation.Section(d, "Parameters")), 200)
	})
}

func TestTemplates_AlarmsSayWhatToDo(t *testing.T) {
	ops, ok := cloudformation.Named("ops")
	require.True(t, ok)
	d, err := ops.Document()
	require.NoError(t, err)
	alarms := 0
	for _, r := range cloudformation.Section(d, "Resources") {
		resource := r.Value.(cloudformation.Document)
		if cloudformation.Get(resource, "Type") != "AWS::CloudWatch::Alarm" {
			continue
		}
		alarms++
		text := cloudformation.Get(resource, "Properties", "AlarmDescription").(string)
		require.Regexp(t, `(?i)\b(look|raise|mend|set|read|make|deploy|stop|flip)\b`, text, r.Key)
		require.LessOrEqual(t, len(text), 1024, "what CloudWatch takes (%s)", r.Key)
		require.NotNil(t, cloudformation.Get(resource, "Properties", "AlarmActions"), r.Key)
		require.NotNil(t, cloudformation.Get(resource, "Properties", "TreatMissingData"), r.Key)
	}
	require.Greater(t, alarms, 12)
}

// TestTemplates_AnotherReaderReadsTheSame holds our reading of the templates
// against that of another YAML parser.
func TestTemplates_AnotherReaderReadsTheSame(t *testing.T) {
	each(t, func(t *testing.T, template cloudformation.Template, d cloudformation.Document) {
		var other yaml.Node
		require.NoError(t, yaml.Unmarshal(template.Text, &other))
		require.Equal(t, leaves(nil, other.Content[0]), ours(nil, d))
	})
}

// leaves are the keys and scalars of a document, in order.
func leaves(found []string, n *yaml.Node) []string {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if !function.MatchString(child.Value) {
				found = append(found, child.Value+":")
			}
			continue
		}
		found = leaves(found, child)
	}
	if n.Kind != yaml.ScalarNode {
		return found
	}
	if n.Tag == "!GetAtt" {
		resource, attribute, _ := strings.Cut(n.Value, ".")
		return append(found, resource, attribute)
	}
	return append(found, n.Value)
}

func ours(found []string, value any) []string {
	switch v := value.(type) {
	case cloudformation.Document:
		for _, item := range v {
			// What a tag stands for is no key in the text.
			if name := item.Key.(string); !function.MatchString(name) {
				found = append(found, name+":")
			}
			found = ours(found, item.Value)
		}
		return found
	case []any:
		for _, e := range v {
			found = ours(found, e)
		}
		return found
	case string:
		return append(found, v)
	}
	return append(found, strings.TrimSpace(text(value)))
}

var function = regexp.MustCompile(`^(Fn::.*|Ref|Condition)$`)

func text(value any) string {
	out, err := yaml.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(out)
}
