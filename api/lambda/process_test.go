package lambda_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda"
	"github.com/banyan-edge/banyan/api/lambda/runtimetest"
)

// asFunction makes the test binary a Lambda function instead.
const asFunction = "BANYAN_TEST_AS_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(asFunction) != "" {
		ended := make(chan struct{})
		go awslambda.StartWithOptions(lambda.New(moody(), lambda.Options{}), awslambda.WithEnableSIGTERM(func() { close(ended) }))
		<-ended
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// moody is a handler that can be asked to misbehave.
func moody() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/pid", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("rod broke") })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("/context", func(w http.ResponseWriter, r *http.Request) {
		deadline, _ := r.Context().Deadline()
		fmt.Fprintf(w, "%d %v %s", deadline.UnixMilli(), r.Context().Value("x-amzn-trace-id"), r.Header.Get("Traceparent"))
	})
	return mux
}

func TestAdapter_OneProcessOutlivesPanicsAndBadEvents(t *testing.T) {
	rt := runtimetest.Start()
	defer rt.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asFunction+"=1", "AWS_LAMBDA_RUNTIME_API="+rt.Addr())
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()

	deadline := time.Now().Add(20 * time.Second)
	invoke := func(payload string) runtimetest.Result {
		res, err := rt.Invoke(t.Context(), runtimetest.Invocation{Payload: []byte(payload), Deadline: deadline, Trace: "Root=1-a-b"})
		require.NoError(t, err)
		return res
	}
	ask := func(path, rest string) (a events.APIGatewayV2HTTPResponse) {
		res := invoke(v2(path, rest))
		require.Nil(t, res.Failure)
		require.NoError(t, json.Unmarshal(res.Payload, &a))
		return a
	}
	pid := ask("/pid", "").Body
	require.Equal(t, fmt.Sprint(cmd.Process.Pid), pid)
	require.Equal(t, http.StatusInternalServerError, ask("/panic", "").StatusCode)
	require.Contains(t, invoke(v2("/abort", "")).Failure.Message, "aborted")
	require.Contains(t, invoke(`{"Records":[]}`).Failure.Message, "none of")
	require.NotNil(t, invoke(`{`).Failure)
	require.Equal(t, "hé", ask("/echo", `,"body":"hé"`).Body)
	require.Equal(t, fmt.Sprintf("%d Root=1-a-b 00-abc-def-01", deadline.UnixMilli()), ask("/context", `,"headers":{"traceparent":"00-abc-def-01"}`).Body)
	require.Equal(t, pid, ask("/pid", "").Body)

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}
