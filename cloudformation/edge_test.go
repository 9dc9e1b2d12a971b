package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/cloudformation"
)

// functions are two that have in them what YAML or CloudFormation could change.
var functions = cloudformation.Functions{
	Request: []byte("import cf from 'cloudfront';\n\n// \"quoted\": {{braces}} ${dollars} # and: a % sign\n" +
		"async function handler(event) {\n\tconst pattern = /^\\/a?.*$/;\n    return event.request;\n}\n"),
	Response: []byte("function handler(event) {\n    return event.response;\n}\n"),
}

func behaviors(n int) (list []cloudformation.Behavior) {
	for i := range n {
		list = append(list, cloudformation.Behavior{PathPattern: fmt.Sprintf("/route-%d/*", i), Routes: []string{fmt.Sprint("route-", i)}, Cacheable: i%2 == 0})
	}
	return append(list, cloudformation.Behavior{PathPattern: "*"})
}

func edge(t *testing.T, list []cloudformation.Behavior) cloudformation.Template {
	text, err := cloudformation.Edge(list, functions)
	require.NoError(t, err)
	return cloudformation.Template{Name: "edge", Text: text}
}

func distribution(t *testing.T, template cloudformation.Template) cloudformation.Document {
	d, err := template.Document()
	require.NoError(t, err)
	return cloudformation.Section(d, "Resources", "Distribution", "Properties", "DistributionConfig")
}

func TestEdge_FunctionsArriveByteForByte(t *testing.T) {
	d, err := edge(t, nil).Document()
	require.NoError(t, err)
	require.Equal(t, string(functions.Request), cloudformation.Get(d, "Resources", "RequestFunction", "Properties", "FunctionCode"))
	require.Equal(t, string(functions.Response), cloudformation.Get(d, "Resources", "ResponseFunction", "Properties", "FunctionCode"))
}

func TestEdge_BehaviorsKeepTheirOrderAndAskTheFunction(t *testing.T) {
	list := []cloudformation.Behavior{
		{PathPattern: "/checkout*", Routes: []string{"checkout", "pay"}},
		{PathPattern: `/it's/"a"/?/~$.*`, Cacheable: true},
		{PathPattern: "*"},
	}
	config := distribution(t, edge(t, list))
	got := cloudformation.Get(config, "CacheBehaviors").([]any)
	require.Len(t, got, 3, "the sale page's, and all but the default one")
	for i, b := range got[1:] {
		one := b.(cloudformation.Document)
		require.Equal(t, list[i].PathPattern, cloudformation.Get(one, "PathPattern"))
		standard := cloudformation.Section(config, "DefaultCacheBehavior")
		for _, same := range []string{"TargetOriginId", "AllowedMethods", "OriginRequestPolicyId", "FunctionAssociations", "ResponseHeadersPolicyId", "Compress"} {
			require.Equal(t, cloudformation.Get(standard, same), cloudformation.Get(one, same), same)
		}
	}
	require.Equal(t, "legacy", cloudformation.Get(config, "DefaultCacheBehavior", "TargetOriginId"))
}

func TestEdge_OnlyWhatIsNoShoppersOwnMayBeCached(t *testing.T) {
	text := string(edge(t, []cloudformation.Behavior{{PathPattern: "/checkout*"}, {PathPattern: "/shop/*", Cacheable: true}}).Text)
	_, checkout, _ := strings.Cut(text, `"/checkout*"`)
	checkout, shop, _ := strings.Cut(checkout, `"/shop/*"`)
	require.NotContains(t, checkout, "CacheByArm")
	require.Contains(t, shop, "!If [HasCache, !Ref CacheByArm")
}

func TestEdge_CacheKnowsTheArmAndNotTheEpoch(t *testing.T) {
	d, err := edge(t, nil).Document()
	require.NoError(t, err)
	headers := cloudformation.Get(d, "Resources", "CacheByArm", "Properties", "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin", "HeadersConfig", "Headers")
	require.Equal(t, []any{"host", "x-banyan-arm"}, headers)
}

func TestEdge_RefusesWhatCloudFrontDoes(t *testing.T) {
	for name, c := range map[string]struct {
		list []cloudformation.Behavior
		f    cloudformation.Functions
		says string
	}{
		"too many behaviours":    {behaviors(75), functions, "76 cache behaviours where the quota is 75"},
		"one pattern twice":      {[]cloudformation.Behavior{{PathPattern: "/a"}, {PathPattern: "/a"}}, functions, "/a is there twice"},
		"a pattern with a space": {[]cloudformation.Behavior{{PathPattern: "/a b"}}, functions, `"/a b" holds a character`},
		"a long pattern":         {[]cloudformation.Behavior{{PathPattern: "/" + strings.Repeat("a", 255)}}, functions, "256 bytes of 255"},
		"no function":            {nil, cloudformation.Functions{Request: functions.Request}, "no viewer-response function"},
		"a large function":       {nil, cloudformation.Functions{Request: make10KB(), Response: functions.Response}, "10241 bytes of 10240"},
		"carriage returns":       {nil, cloudformation.Functions{Request: []byte("a\r\n"), Response: functions.Response}, "carriage return"},
	} {
		_, err := cloudformation.Edge(c.list, c.f)
		require.ErrorIs(t, err, cloudformation.ErrEdge, name)
		require.ErrorContains(t, err, c.says, name)
	}
	_, err := cloudformation.Edge(behaviors(74), functions)
	require.NoError(t, err)
}

func make10KB() []byte { return []byte(strings.Repeat("a", 10241)) }

func TestEdge_RouteThatIsNoNameLeavesNoTrace(t *testing.T) {
	text := string(edge(t, []cloudformation.Behavior{{PathPattern: "/a", Routes: []string{"fine", "x\nResources: {}"}}}).Text)
	require.Contains(t, text, `"/a" # fine`)
	require.NotContains(t, text, "Resources: {}")
}
