package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda"
)

var _ awslambda.Handler = (*lambda.Adapter)(nil)

// invoke has one request answered in the shape of payload 2.0.
func invoke(t *testing.T, h http.HandlerFunc, opts lambda.Options, payload string) events.APIGatewayV2HTTPResponse {
	out, err := lambda.New(h, opts).Invoke(t.Context(), []byte(payload))
	require.NoError(t, err)
	var a events.APIGatewayV2HTTPResponse
	require.NoError(t, strictly(out, &a), "%s", out)
	return a
}

// v2 is an HTTP API's event with a path, and whatever else.
func v2(path, rest string) string {
	return `{"version":"2.0","rawPath":` + string(marshal(path)) + `,"requestContext":{"domainName":"api.example","http":{"method":"GET","sourceIp":"192.0.2.1"}}` + rest + `}`
}

func TestAdapter_DecodedPathIsWrittenAgain(t *testing.T) {
	for path, uri := range map[string]string{
		"/100% wool":   "/100%25%20wool",
		"/what?now#x":  "/what%3Fnow%23x",
		"/%41":         "/%2541",
		"/café/a|b\\c": "/caf%C3%A9/a%7Cb%5Cc",
		"":             "/",
		"no/slash":     "/no/slash",
		"//host/x":     "//host/x",
		"/!$&'()*+,;=": "/!$&'()*+,;=",
	} {
		invoke(t, func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, uri+"?q=1", r.RequestURI)
			require.Equal(t, uri, r.URL.EscapedPath())
			require.Equal(t, "/"+strings.TrimPrefix(path, "/"), r.URL.Path)
			require.Equal(t, "q=1", r.URL.RawQuery)
		}, lambda.Options{}, v2(path, `,"rawQueryString":"q=1"`))
	}
}

func TestAdapter_PathsCanBeSaidToBeEncoded(t *testing.T) {
	for paths, want := range map[lambda.Paths]string{lambda.PathsByEvent: "/a%2520b", lambda.PathsDecoded: "/a%2520b", lambda.PathsEncoded: "/a%20b"} {
		invoke(t, func(w http.ResponseWriter, r *http.Request) { require.Equal(t, want, r.RequestURI) },
			lambda.Options{Paths: paths}, v2("/a%20b", ""))
	}
	invoke(t, func(w http.ResponseWriter, r *http.Request) { require.Equal(t, "/100%25/%20", r.RequestURI) },
		lambda.Options{Paths: lambda.PathsEncoded}, v2("/100%/%20", ""))
}

func TestAdapter_BasePathEndsAtASegment(t *testing.T) {
	for _, base := range []string{"/app", "app", "/app/", " app "} {
		for path, want := range map[string]string{
			"/app": "/", "/app/": "/", "/app/x": "/x", "/apple/x": "/apple/x", "/x/app": "/x/app", "/app/app/x": "/app/x",
		} {
			invoke(t, func(w http.ResponseWriter, r *http.Request) { require.Equal(t, want, r.URL.Path, path) },
				lambda.Options{BasePath: base}, v2(path, ""))
		}
	}
}

func TestAdapter_RemoteAddrIsTheShoppers(t *testing.T) {
	for _, c := range []struct {
		hops            int
		forwarded, want string
	}{
		{0, "", "192.0.2.1:0"},
		{0, "6.6.6.6, 203.0.113.9", "192.0.2.1:0"},
		{1, "6.6.6.6, 203.0.113.9, 192.0.2.1", "203.0.113.9:0"}, // the front appended its peer
		{1, "6.6.6.6, 203.0.113.9", "203.0.113.9:0"},            // it did not
		{1, "2001:db8::1,192.0.2.1", "[2001:db8::1]:0"},
		{1, "[2001:db8::1]:4711", "[2001:db8::1]:0"},
		{1, "203.0.113.9:4711", "203.0.113.9:0"},
		{9, "203.0.113.9", "203.0.113.9:0"},
		{1, "", "192.0.2.1:0"},
	} {
		invoke(t, func(w http.ResponseWriter, r *http.Request) { require.Equal(t, c.want, r.RemoteAddr, c) },
			lambda.Options{TrustedHops: c.hops}, v2("/", `,"headers":{"x-forwarded-for":"`+c.forwarded+`"}`))
	}
}

func TestAdapter_LoadBalancerTellsTheShopperInAHeader(t *testing.T) {
	payload := `{"httpMethod":"GET","path":"/","requestContext":{"elb":{"targetGroupArn":"arn"}},"headers":{"x-forwarded-for":"6.6.6.6, 203.0.113.9"}}`
	invoke := func(h http.HandlerFunc) {
		_, err := lambda.New(h, lambda.Options{}).Invoke(t.Context(), []byte(payload))
		require.NoError(t, err)
	}
	invoke(func(w http.ResponseWriter, r *http.Request) { require.Equal(t, "203.0.113.9:0", r.RemoteAddr) })
}

func TestAdapter_ForwardedHostIsTakenOnlyWhenTrusted(t *testing.T) {
	for forwarded, want := range map[string]string{
		"shop.example.com":         "shop.example.com",
		"evil.example, shop:8443":  "shop:8443",
		"":                         "api.host",
		"not a host/":              "api.host",
		"shop.example.com\\u0000x": "",
	} {
		headers := `,"headers":{"host":"api.host","x-forwarded-host":"` + forwarded + `"}`
		check := func(w http.ResponseWriter, r *http.Request) { require.Equal(t, want, r.Host) }
		if a := invoke(t, check, lambda.Options{TrustForwardedHost: true}, v2("/", headers)); want == "" {
			require.Equal(t, http.StatusBadRequest, a.StatusCode)
			continue
		}
		want = "api.host"
		invoke(t, check, lambda.Options{}, v2("/", headers))
	}
}

func TestAdapter_BadRequestsAre400(t *testing.T) {
	never := func(w http.ResponseWriter, r *http.Request) { t.Error("the handler was asked") }
	for name, payload := range map[string]string{
		"base64":       v2("/", `,"body":"@@","isBase64Encoded":true`),
		"header name":  v2("/", `,"headers":{"bad name":"x"}`),
		"header value": v2("/", `,"headers":{"x-a":"b\r\nSet-Cookie: c=d"}`),
		"cookie":       v2("/", `,"cookies":["a=b\nx"]`),
		"host":         v2("/", `,"headers":{"host":"a b/"}`),
		"query":        v2("/", `,"rawQueryString":"a\u0001"`),
		"method":       strings.Replace(v2("/", ""), "GET", "G T", 1),
		"no method":    strings.Replace(v2("/", ""), "GET", "", 1),
	} {
		a := invoke(t, never, lambda.Options{}, payload)
		require.Equal(t, http.StatusBadRequest, a.StatusCode, name)
		require.Equal(t, "application/problem+json", a.Headers["Content-Type"])
		require.JSONEq(t, `{"type":"about:blank","title":"Bad Request","status":400,"detail":`+detailOf(t, a.Body)+`}`, a.Body)
	}
}

func detailOf(t *testing.T, body string) string {
	var p struct{ Detail json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(body), &p))
	return string(p.Detail)
}

func TestAdapter_UnknownEventsAreAnErrorThatNamesTheKnown(t *testing.T) {
	h := lambda.New(http.NotFoundHandler(), lambda.Options{})
	for _, payload := range []string{``, `null`, `[]`, `"x"`, `{}`, `{"Records":[{"eventSource":"aws:sqs"}]}`, `{"version":"2.0"}`, `{"requestContext":{"connectionId":"x"}}`} {
		_, err := h.Invoke(t.Context(), []byte(payload))
		require.ErrorIs(t, err, lambda.ErrUnknownEvent, payload)
		require.ErrorContains(t, err, "HTTP API (payload 2.0), API Gateway REST API (payload 1.0), ALB target group, Lambda Function URL")
	}
	for _, payload := range []string{`{`, `{"headers":{"a":1}}`, `{"requestContext":7}`, v2("/", "") + "x"} {
		_, err := h.Invoke(t.Context(), []byte(payload))
		require.Error(t, err, payload)
		require.NotErrorIs(t, err, lambda.ErrUnknownEvent)
	}
}

func TestAdapter_PanicCostsOneRequest(t *testing.T) {
	var log bytes.Buffer
	opts := lambda.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}
	a := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half of a secret")
		panic("rod broke")
	}, opts, v2("/x", `,"headers":{"traceparent":"00-abc-def-01"}`))
	require.Equal(t, http.StatusInternalServerError, a.StatusCode)
	require.NotContains(t, a.Body, "secret")
	require.NotContains(t, a.Body, "rod broke")
	var line map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &line))
	require.Equal(t, "handler panicked", line["msg"])
	require.Equal(t, "rod broke", line["panic"])
	require.Equal(t, "00-abc-def-01", line["trace_id"])
	require.Contains(t, line["stack"], "adapter_test.go")
}

func TestAdapter_AbortedHandlerFailsTheInvocation(t *testing.T) {
	var log bytes.Buffer
	h := lambda.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }),
		lambda.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	_, err := h.Invoke(t.Context(), []byte(v2("/", "")))
	require.ErrorIs(t, err, lambda.ErrAborted)
	require.Empty(t, log.String())
}

func TestAdapter_AnswersThatCannotBeGivenAre502(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"too big":         func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, lambda.MaxPayloadBytes+1)) },
		"too big as JSON": func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("\n"), 4<<20)) },
		"too short": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "abc")
		},
	} {
		var log bytes.Buffer
		a := invoke(t, h, lambda.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}, v2("/", ""))
		require.Equal(t, http.StatusBadGateway, a.StatusCode, name)
		require.Equal(t, "application/problem+json", a.Headers["Content-Type"])
		require.Contains(t, log.String(), `"msg":"response refused"`)
	}
}

func TestAdapter_ContextIsThatOfTheInvocation(t *testing.T) {
	deadline := time.Now().Add(time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "id-1"})
	//lint:ignore SA1029 the key is that of aws-lambda-go
	ctx = context.WithValue(ctx, "x-amzn-trace-id", "Root=1-a-b")
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, ok := r.Context().Deadline()
		require.True(t, ok)
		require.Equal(t, deadline, got)
		require.Equal(t, "Root=1-a-b", r.Context().Value("x-amzn-trace-id"))
		lc, ok := lambdacontext.FromContext(r.Context())
		require.True(t, ok)
		require.Equal(t, "id-1", lc.AwsRequestID)
		require.Equal(t, "00-abc-def-01", r.Header.Get("Traceparent"))
		require.Equal(t, "Root=1-c-d", r.Header.Get("X-Amzn-Trace-Id"))
	})
	_, err := lambda.New(h, lambda.Options{}).Invoke(ctx, []byte(v2("/", `,"headers":{"traceparent":"00-abc-def-01","x-amzn-trace-id":"Root=1-c-d"}`)))
	require.NoError(t, err)
}

func TestAdapter_AccessorsOfTheLibraryFindTheirContext(t *testing.T) {
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "id-1"})
	asked := 0
	serve := func(h http.HandlerFunc, payload string) {
		_, err := lambda.New(h, lambda.Options{}).Invoke(ctx, []byte(payload))
		require.NoError(t, err)
	}
	serve(func(w http.ResponseWriter, r *http.Request) {
		asked++
		derived, cancel := context.WithCancel(r.Context()) // as a middleware would
		defer cancel()
		rc, ok := core.GetAPIGatewayV2ContextFromContext(derived)
		require.True(t, ok)
		require.Equal(t, "u1", rc.Authorizer.JWT.Claims["sub"])
		lc, ok := core.GetRuntimeContextFromContextV2(derived)
		require.True(t, ok)
		require.Equal(t, "id-1", lc.AwsRequestID)
		vars, ok := core.GetStageVarsFromContextV2(derived)
		require.True(t, ok)
		require.Equal(t, map[string]string{"k": "v"}, vars)
		_, ok = core.GetAPIGatewayContextFromContext(derived)
		require.False(t, ok)
	}, `{"rawPath":"/","stageVariables":{"k":"v"},"requestContext":{"http":{"method":"GET"},"authorizer":{"jwt":{"claims":{"sub":"u1"}}}}}`)
	serve(func(w http.ResponseWriter, r *http.Request) {
		asked++
		rc, ok := core.GetAPIGatewayContextFromContext(r.Context())
		require.True(t, ok)
		require.Equal(t, "prod", rc.Stage)
		_, ok = core.GetRuntimeContextFromContext(r.Context())
		require.True(t, ok)
		vars, ok := core.GetStageVarsFromContext(r.Context())
		require.True(t, ok)
		require.Equal(t, map[string]string{"k": "v"}, vars)
	}, `{"httpMethod":"GET","path":"/","stageVariables":{"k":"v"},"requestContext":{"stage":"prod"}}`)
	serve(func(w http.ResponseWriter, r *http.Request) {
		asked++
		rc, ok := core.GetTargetGroupRequetFromContextALB(r.Context())
		require.True(t, ok)
		require.Equal(t, "arn", rc.ELB.TargetGroupArn)
		_, ok = core.GetRuntimeContextFromContextALB(r.Context())
		require.True(t, ok)
	}, `{"httpMethod":"GET","path":"/","requestContext":{"elb":{"targetGroupArn":"arn"}}}`)
	serve(func(w http.ResponseWriter, r *http.Request) {
		asked++
		_, ok := core.GetAPIGatewayV2ContextFromContext(r.Context())
		require.False(t, ok, "a context that cannot be decoded")
	}, `{"rawPath":"/","requestContext":{"accountId":7,"http":{"method":"GET"}}}`)
	require.Equal(t, 4, asked)
}

func TestAdapter_AccessorHeadersCannotBeForged(t *testing.T) {
	invoke(t, func(w http.ResponseWriter, r *http.Request) {
		require.Empty(t, r.Header)
	}, lambda.Options{}, v2("/", `,"headers":{"x-golambdaproxy-apigw-context":"{\"authorizer\":{}}","X-GoLambdaProxy-ApiGw-StageVars":"{}"}`))
}

func TestAdapter_QueryKeepsTheEventsOrder(t *testing.T) {
	payload := `{"httpMethod":"GET","path":"/","requestContext":{},"multiValueQueryStringParameters":{"z":["1","2"],"a":["3 & 4"],"m":[""]}}`
	h := lambda.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "z=1&z=2&a=3+%26+4&m=", r.URL.RawQuery)
	}), lambda.Options{})
	for range 20 {
		_, err := h.Invoke(t.Context(), []byte(payload))
		require.NoError(t, err)
	}
}

func TestAdapter_UploadsLeaveNoFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	body := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n" + strings.Repeat("x", 1<<16) + "\r\n--b--\r\n"
	invoke(t, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseMultipartForm(1))
		files, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*"))
		require.NoError(t, err)
		require.Len(t, files, 1)
	}, lambda.Options{}, strings.Replace(v2("/", `,"headers":{"content-type":"multipart/form-data; boundary=b"},"body":`+string(marshal(body))), "GET", "POST", 1))
	files, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*"))
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestAdapter_BodyIsBase64OnlyWhenItMustBe(t *testing.T) {
	for body, binary := range map[string]bool{"plain é": false, "\xff": true, "": false} {
		a := invoke(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, body) }, lambda.Options{}, v2("/", ""))
		require.Equal(t, binary, a.IsBase64Encoded, "%q", body)
	}
	a := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, "happens to be text")
	}, lambda.Options{}, v2("/", ""))
	require.True(t, a.IsBase64Encoded)
}

func TestNew_RefusesNoHandler(t *testing.T) {
	require.PanicsWithValue(t, "lambda: New of a nil handler", func() { lambda.New(nil, lambda.Options{}) })
}
