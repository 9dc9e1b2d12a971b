package runtimetest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda/runtimetest"
)

func call(t *testing.T, method, url, body string) *http.Response {
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func TestRuntime_HandsOutEventsAndTakesAnswers(t *testing.T) {
	rt := runtimetest.Start()
	defer rt.Close()
	base := "http://" + rt.Addr() + "/2018-06-01/runtime/invocation/"
	deadline := time.UnixMilli(1_800_000_000_000)
	served := make(chan struct{})
	go func() {
		defer close(served)
		res := call(t, http.MethodGet, base+"next", "")
		body, _ := io.ReadAll(res.Body)
		id := res.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if string(body) != "event" || id == "" || res.Header.Get("Lambda-Runtime-Deadline-Ms") != "1800000000000" ||
			res.Header.Get("Lambda-Runtime-Trace-Id") != "Root=1-a-b" || !strings.HasPrefix(res.Header.Get("Lambda-Runtime-Invoked-Function-Arn"), "arn:") {
			t.Errorf("next: %q %v", body, res.Header)
		}
		if got := call(t, http.MethodPost, base+id+"/response", "answer").StatusCode; got != http.StatusAccepted {
			t.Errorf("response: %d", got)
		}
		if got := call(t, http.MethodPost, base+id+"/response", "again").StatusCode; got != http.StatusBadRequest {
			t.Errorf("second response: %d", got)
		}
		id = call(t, http.MethodGet, base+"next", "").Header.Get("Lambda-Runtime-Aws-Request-Id")
		call(t, http.MethodPost, base+id+"/error", `{"errorMessage":"rod broke","errorType":"rodError"}`)
	}()
	res, err := rt.Invoke(t.Context(), runtimetest.Invocation{Payload: []byte("event"), Deadline: deadline, Trace: "Root=1-a-b"})
	require.NoError(t, err)
	require.Equal(t, "answer", string(res.Payload))
	require.Nil(t, res.Failure)
	<-rt.Ready()

	res, err = rt.Invoke(t.Context(), runtimetest.Invocation{})
	require.NoError(t, err)
	require.Equal(t, &runtimetest.Failure{Message: "rod broke", Type: "rodError"}, res.Failure)
	<-served
}

func TestRuntime_HearsThatAFunctionCannotStart(t *testing.T) {
	rt := runtimetest.Start()
	defer rt.Close()
	res := call(t, http.MethodPost, "http://"+rt.Addr()+"/2018-06-01/runtime/init/error", `{"errorMessage":"no store"}`)
	require.Equal(t, http.StatusAccepted, res.StatusCode)
	require.Equal(t, "no store", (<-rt.InitFailed()).Message)
}

func TestRuntime_InvokeEndsWithTheRuntimeAndWithItsContext(t *testing.T) {
	rt := runtimetest.Start()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := rt.Invoke(gone, runtimetest.Invocation{})
	require.ErrorIs(t, err, context.Canceled)
	rt.Close()
	_, err = rt.Invoke(t.Context(), runtimetest.Invocation{})
	require.ErrorIs(t, err, runtimetest.ErrClosed)
}
