package cloudformation_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/cloudformation"
)

func resources(t *testing.T, name string) cloudformation.Document {
	template, ok := cloudformation.Named(name)
	require.True(t, ok)
	d, err := template.Document()
	require.NoError(t, err)
	return cloudformation.Section(d, "Resources")
}

func TestTenant_HasEveryResourceOfItsParts(t *testing.T) {
	whole := len(resources(t, "tenant"))
	require.Equal(t, len(resources(t, "api"))+len(resources(t, "legacy-adapter"))+len(resources(t, "ops")), whole)
}

func TestTenant_WiresItsPartsAndAsksForTheRest(t *testing.T) {
	template, _ := cloudformation.Named("tenant")
	d, err := template.Document()
	require.NoError(t, err)
	var names []any
	for _, p := range cloudformation.Section(d, "Parameters") {
		names = append(names, p.Key)
	}
	for _, asked := range []string{"Name", "CodeBucket", "CodeKey", "RelayCodeKey", "MemoryMB", "RelayMemoryMB", "RelayPaused", "Concurrency", "VpcId", "Email"} {
		require.Contains(t, names, asked)
	}
	for _, wired := range []string{"QueueUrl", "QueueArn", "DeadLetterArn", "TableName", "BucketName", "ApiId", "ApiFunction", "RelayLogGroup"} {
		require.NotContains(t, names, wired)
	}
	require.Len(t, slices.Compact(slices.Clone(names)), len(names))
	relay := cloudformation.Section(d, "Resources", "RelayFunction", "Properties", "Environment", "Variables")
	require.Equal(t, "OrderQueue", cloudformation.Get(relay, "BANYAN_QUEUE", "Ref"))
	require.Equal(t, "OrderTable", cloudformation.Get(relay, "BANYAN_TABLE", "Ref"))
	source := cloudformation.Section(d, "Resources", "OrderSource", "Properties")
	require.Equal(t, "RelayFunction", cloudformation.Get(source, "FunctionName", "Ref"))
	require.Equal(t, []any{"OrderQueue", "Arn"}, cloudformation.Get(source, "EventSourceArn", "Fn::GetAtt"))
	require.Nil(t, cloudformation.Get(d, "Resources", "BreakerOpen", "Condition"), "the API is always there")
	require.Equal(t, "HasEdge", cloudformation.Get(d, "Resources", "StorefrontErrors", "Condition"))
}

func TestTenant_KeepsWhatItsPartsKeep(t *testing.T) {
	for _, part := range []string{"api", "legacy-adapter"} {
		for _, r := range resources(t, part) {
			resource := r.Value.(cloudformation.Document)
			if cloudformation.Get(resource, "DeletionPolicy") != "Retain" {
				continue
			}
			require.Equal(t, "Retain", cloudformation.Get(resources(t, "tenant"), r.Key.(string), "DeletionPolicy"), r.Key)
		}
	}
}
