package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/upload/uploadtest"
)

// TestBootstrap_TakesListingsAndTheirPicturesPastItself sends a listing through
// the function and its picture to the bucket, and has the function told of it as
// S3 does.
func TestBootstrap_TakesListingsAndTheirPicturesPastItself(t *testing.T) {
	env, client, _ := onAWS(t)
	moto, pictures := awstest.Moto(t), "pictures-"+suffix()
	attributes, err := aws.FIFO.Attributes()
	require.NoError(t, err)
	queue := moto.Queue(t, attributes)
	_, err = moto.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &pictures})
	require.NoError(t, err)
	f := start(t, append(env, "BANYAN_LISTINGS_QUEUE="+queue, "BANYAN_PICTURES="+pictures)...)

	picture := uploadtest.JPEG(3000)
	body, err := json.Marshal(map[string]any{
		"seller": map[string]string{"email": "ann@example.com", "name": "Ann"}, "title": "Creel", "description": "Wicker.",
		"price": map[string]any{"amount": 1, "currency": "USD"}, "category": "tackle", "condition": "Good",
		"pictures": []listing.Picture{{Name: "a.jpg", Type: listing.JPEG, Bytes: 3000}},
	})
	require.NoError(t, err)
	first := f.ask(t, http.MethodPost, "/resale/listings", asJSON, string(body))
	require.Equal(t, http.StatusAccepted, first.StatusCode, first.Body)
	require.Equal(t, first.Body, f.ask(t, http.MethodPost, "/resale/listings", asJSON, string(body)).Body)
	var offered struct {
		ID        string `json:"listing_id"`
		StatusURL string `json:"status_url"`
		Pictures  []struct{ Upload listing.Upload }
	}
	require.NoError(t, json.Unmarshal([]byte(first.Body), &offered))
	require.Contains(t, f.ask(t, http.MethodGet, offered.StatusURL, asked, "").Body, `"state":"waiting"`)

	to := offered.Pictures[0].Upload
	at, err := url.Parse(to.URL)
	require.NoError(t, err)
	at.Host, at.Scheme = hostOf(t, moto.URL), "http"
	at.Path = pathStyle(at.Path, pictures)
	req, err := http.NewRequestWithContext(t.Context(), to.Method, at.String(), bytes.NewReader(picture))
	require.NoError(t, err)
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)

	listed, err := moto.S3().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &pictures})
	require.NoError(t, err)
	require.Len(t, listed.Contents, 1)
	told := f.invoke(t, `{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"`+url.QueryEscape(*listed.Contents[0].Key)+`"}}},
		{"eventSource":"aws:s3","s3":{"object":{"key":"pictures/none"}}}]}`)
	require.Nil(t, told.Failure)
	require.JSONEq(t, `{"checked":1}`, string(told.Payload))
	require.Contains(t, f.ask(t, http.MethodGet, offered.StatusURL, asked, "").Body, `"state":"complete"`)
	seen := f.ask(t, http.MethodGet, offered.StatusURL+"/pictures/1", nil, "")
	require.Equal(t, http.StatusFound, seen.StatusCode)
	require.Contains(t, seen.Headers["Location"], "X-Amz-Signature")
	require.Less(t, len(seen.Body), 1, "no picture passes through the function")

	page := f.ask(t, http.MethodGet, "/resale/sell", nil, "")
	require.Contains(t, page.Headers["Content-Security-Policy"], "connect-src 'self' http", "the page may send there")
	queued := receiveOne(t, client, queue)
	require.Equal(t, offered.ID, queued.ID)
	require.Empty(t, queued.Lines)
	f.end(t)
}

func TestArrivals_AreNothingThatAShopperCanSend(t *testing.T) {
	keys, ok := arrivals([]byte(`{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"incoming%2Fa+b"}}}]}`))
	require.True(t, ok)
	require.Equal(t, []string{"incoming/a b"}, keys)
	for _, payload := range []string{
		`{"version":"2.0","requestContext":{},"Records":[{"eventSource":"aws:s3"}]}`,
		`{"version":"2.0","requestContext":{},"body":"{\"Records\":[{\"eventSource\":\"aws:s3\"}]}"}`,
		`{"Records":[{"eventSource":"aws:sqs","body":"aws:s3"}]}`, `{"Records":[]}`, `aws:s3`,
	} {
		_, ok := arrivals([]byte(payload))
		require.False(t, ok, payload)
	}
}

func TestSettings_ListingsNeedAQueueABucketAndATable(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"no bucket": {"BANYAN_TABLE": "t", "BANYAN_QUEUE": "q", "BANYAN_LISTINGS_QUEUE": "l"},
		"no queue":  {"BANYAN_TABLE": "t", "BANYAN_QUEUE": "q", "BANYAN_PICTURES": "p"},
		"no table":  {"BANYAN_DATA": "d", "BANYAN_LISTINGS_QUEUE": "l", "BANYAN_PICTURES": "p"},
	} {
		_, err := readSettings(func(key string) string { return env[key] })
		require.ErrorContains(t, err, "BANYAN_LISTINGS_QUEUE", name)
	}
}

var asked = map[string]string{"accept": "application/json"}

func suffix() string { return strings.ToLower(order.NewID(time.Now())[16:]) }

func hostOf(t *testing.T, address string) string {
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

// pathStyle names the bucket in the path, as the emulator wants it.
func pathStyle(path, bucket string) string {
	if strings.HasPrefix(path, "/"+bucket+"/") {
		return path
	}
	return "/" + bucket + path
}

func receiveOne(t *testing.T, client *sqs.Client, queue string) (o order.Order) {
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 2})
	require.NoError(t, err)
	require.Len(t, got.Messages, 1)
	require.NoError(t, json.Unmarshal([]byte(*got.Messages[0].Body), &o))
	return o
}
