package deploy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/cloudformation/deploy"
)

const wired = `
Parameters:
  QueueUrl: {Type: String, Description: The order queue's address.}
  Concurrency: {Type: Number, Default: 10}
  Empty: {Type: String, Default: ""}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${Empty}x", Tags: [{Key: a, Value: !If [A, !Ref Empty, !GetAtt B.Arn]}]}}
`

func TestStack_TakesItsParametersFromWhatIsGivenAndFromTheOtherStacks(t *testing.T) {
	s := deploy.Stack{Name: "relay", Template: []byte(wired)}
	found := map[string]string{"QueueUrl": "https://queue", "Concurrency": "7", "Other": "x"}
	require.NoError(t, s.Wire(map[string]string{"Concurrency": "25"}, found))
	require.Equal(t, map[string]string{"QueueUrl": "https://queue", "Concurrency": "25"}, s.Parameters)

	var missing *deploy.MissingError
	require.ErrorAs(t, s.Wire(nil, nil), &missing)
	require.EqualError(t, missing, "stack relay needs parameters that nobody gave:\n  QueueUrl: The order queue's address.")
	var unknown *deploy.UnknownError
	require.ErrorAs(t, s.Wire(map[string]string{"Concurency": "1"}, found), &unknown)
	require.EqualError(t, unknown, "stack relay has no parameter Concurency (it has Concurrency, Empty, QueueUrl)")
}
