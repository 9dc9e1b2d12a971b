package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
)

// onAWS is the environment of a function whose orders go to DynamoDB and SQS.
func onAWS(t *testing.T) (env []string, client *sqs.Client, queue string) {
	moto := awstest.Moto(t)
	attributes, err := aws.FIFO.Attributes()
	require.NoError(t, err)
	queue = moto.Queue(t, attributes)
	table := "banyan-" + order.NewID(time.Now())
	require.NoError(t, aws.CreateTable(t.Context(), moto.DynamoDB(), table))
	return append(moto.Env(), "BANYAN_TABLE="+table, "BANYAN_QUEUE="+queue, "BANYAN_SEED_SAMPLE=true",
		"AWS_LAMBDA_FUNCTION_NAME=banyan"), moto.SQS(), queue
}

const rod = `{"customer":{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},
	"lines":[{"sku":"muskie-casting-rod","quantity":1}],"payment":{"token":"tok_demo"}}`

func TestBootstrap_TakesOrdersIntoDynamoDBAndSQS(t *testing.T) {
	env, client, queue := onAWS(t)
	f := start(t, env...)
	headers := map[string]string{"content-type": "application/json", "accept": "application/json", "idempotency-key": "once"}
	first := f.ask(t, http.MethodPost, "/checkout", headers, rod)
	require.Equal(t, http.StatusAccepted, first.StatusCode, "%s", first.Body)
	again := f.ask(t, http.MethodPost, "/checkout", headers, rod)
	require.JSONEq(t, first.Body, again.Body, "a repeated key gives the first answer")

	var receipt struct {
		ID string `json:"order_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(first.Body), &receipt))
	page := f.ask(t, http.MethodGet, "/orders/"+receipt.ID, map[string]string{"accept": "application/json"}, "")
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, page.Body, "accepted")

	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 2})
	require.NoError(t, err)
	require.Len(t, got.Messages, 1, "one order, however often it was asked for")
	var queued order.Order
	require.NoError(t, json.Unmarshal([]byte(*got.Messages[0].Body), &queued))
	require.Equal(t, receipt.ID, queued.ID)
	require.Equal(t, "once", queued.Key, "the key travels in the body")

	swept := f.invoke(t, `{"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{}}`)
	require.Nil(t, swept.Failure)
	require.JSONEq(t, `{"sent":0}`, string(swept.Payload), "nothing was left unsent")
	f.end(t)
}

func TestBootstrap_AsksNothingOfAWSBeforeTheFirstRequestUnlessNobodyWaits(t *testing.T) {
	for kind, seeded := range map[string]bool{"on-demand": false, "provisioned-concurrency": true} {
		t.Run(kind, func(t *testing.T) {
			moto := awstest.Moto(t)
			env, _, queue := onAWS(t)
			table, _ := strings.CutPrefix(env[slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, "BANYAN_TABLE=") })], "BANYAN_TABLE=")
			f := start(t, append(env, "AWS_LAMBDA_INITIALIZATION_TYPE="+kind)...)
			<-f.rt.Ready()
			there, err := aws.New(t.Context(), aws.Options{Table: table, Queue: queue, DynamoDB: moto.DynamoDB(), SQS: moto.SQS()})
			require.NoError(t, err)
			stocks, err := there.Stocks(t.Context())
			require.NoError(t, err)
			require.Equal(t, seeded, len(stocks) > 0, "the sample's stock is in the table")
			require.Equal(t, http.StatusAccepted, f.ask(t, http.MethodPost, "/checkout", placing("once"), rod).StatusCode)
			f.end(t)
		})
	}
}

func TestBootstrap_RefusesSettingsThatDoNotGoTogether(t *testing.T) {
	for name, env := range map[string][]string{
		"a table without a queue": {"BANYAN_TABLE=t"},
		"a table and a folder":    {"BANYAN_TABLE=t", "BANYAN_QUEUE=q", "BANYAN_DATA=d"},
		"an unknown kind":         {"BANYAN_TABLE=t", "BANYAN_QUEUE=q", "BANYAN_QUEUE_KIND=lifo"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, env...)
			require.Error(t, <-f.done)
			require.Contains(t, f.log.String(), "BANYAN_")
		})
	}
}

func TestScheduled_IsNothingThatAShopperCanSend(t *testing.T) {
	require.True(t, scheduled([]byte(`{"source":"aws.events","detail":{}}`)))
	require.False(t, scheduled([]byte(`{"version":"2.0","rawPath":"/","requestContext":{},"source":"aws.events"}`)))
	require.False(t, scheduled([]byte(`{"version":"2.0","rawPath":"/","requestContext":{},"body":"{\"source\":\"aws.events\"}"}`)))
	require.False(t, scheduled([]byte(`aws.events`)))
}
