package cloudformation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/cloudformation"
)

func TestTemplates_AreReadWithShortFormsWrittenOut(t *testing.T) {
	d, err := cloudformation.Template{Name: "x", Text: []byte(`
Resources:
  A: # a comment
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${Name}-x"
      FifoQueue: !If [IsFifo, true, !Ref AWS::NoValue]
      "Fn::Quoted": 'it is'
      Other: !GetAtt B.Arn
      Delay: 3
      Text: |
        one
        two
      Folded: >-
        one
        two
`)}.Document()
	require.NoError(t, err)
	p := cloudformation.Section(d, "Resources", "A", "Properties")
	require.Equal(t, cloudformation.Document{{Key: "Fn::Sub", Value: "${Name}-x"}}, cloudformation.Get(p, "QueueName"))
	require.Equal(t, []any{"IsFifo", true, cloudformation.Document{{Key: "Ref", Value: "AWS::NoValue"}}}, cloudformation.Get(p, "FifoQueue", "Fn::If"))
	require.Equal(t, []any{"B", "Arn"}, cloudformation.Get(p, "Other", "Fn::GetAtt"))
	require.EqualValues(t, 3, cloudformation.Get(p, "Delay"))
	require.Equal(t, "it is", cloudformation.Get(p, "Fn::Quoted"))
	require.Equal(t, "one\ntwo\n", cloudformation.Get(p, "Text"))
	require.Equal(t, "one two", cloudformation.Get(p, "Folded"))
	require.Nil(t, cloudformation.Get(p, "Absent", "Below"))

	_, err = cloudformation.Template{Name: "x", Text: []byte("a: [")}.Document()
	require.ErrorContains(t, err, "read template x")
	_, err = cloudformation.Template{Name: "x", Text: []byte("- a")}.Document()
	require.ErrorContains(t, err, "a template is a mapping")
}
