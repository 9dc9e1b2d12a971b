package gateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/lambda/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// eventOf is the event that a request becomes, read as strictly as can be.
func eventOf(t *testing.T, r *http.Request) (e events.APIGatewayV2HTTPRequest) {
	g := gateway.New(gateway.Options{
		Now: func() time.Time { return noon },
		Invoke: func(_ context.Context, payload []byte) ([]byte, error) {
			dec := json.NewDecoder(bytes.NewReader(payload))
			dec.DisallowUnknownFields()
			require.NoError(t, dec.Decode(&e), "%s", payload)
			return []byte(`{"statusCode":204}`), nil
		},
	})
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	require.Equal(t, http.StatusNoContent, w.Code, w.Body)
	return e
}

// answerOf is the response that a function's answer becomes.
func answerOf(method, answer string) *http.Response {
	g := gateway.New(gateway.Options{Invoke: func(context.Context, []byte) ([]byte, error) { return []byte(answer), nil }})
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
	return w.Result()
}

func bodyOf(t *testing.T, res *http.Response) string {
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

func TestGateway_EventIsThatOfAnHTTPAPI(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/shop/100%25%20caf%C3%A9?z=1&a=2&z=3&q=a%20b", strings.NewReader(`{"a":"é"}`))
	r.Host, r.RemoteAddr = "shop.example.com:8080", "[2001:db8::1]:4711"
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Rod/1.0")
	r.Header["X-Many"] = []string{"a", "b, c"}
	r.Header["Cookie"] = []string{"a=1; b=2,3", " c=4;"}
	r.Header.Set("Connection", "close, X-Hop")
	r.Header.Set("X-Hop", "1")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	e := eventOf(t, r)

	require.NotEmpty(t, e.RequestContext.RequestID)
	e.RequestContext.RequestID = ""
	require.Equal(t, events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default",
		RawPath: "/shop/100% café", RawQueryString: "z=1&a=2&z=3&q=a%20b",
		Cookies: []string{"a=1", "b=2,3", "c=4"},
		Headers: map[string]string{
			"host": "shop.example.com:8080", "content-type": "application/json; charset=utf-8", "user-agent": "Rod/1.0",
			"x-many": "a,b, c", "x-forwarded-for": "203.0.113.9, 2001:db8::1", "x-forwarded-proto": "http",
		},
		QueryStringParameters: map[string]string{"z": "1,3", "a": "2", "q": "a b"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", AccountID: "000000000000", Stage: "$default", APIID: "local",
			DomainName: "shop.example.com", DomainPrefix: "shop",
			Time: "21/Nov/2026:12:00:00 +0000", TimeEpoch: noon.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: "POST", Path: "/shop/100% café", Protocol: "HTTP/1.1", SourceIP: "2001:db8::1", UserAgent: "Rod/1.0",
			},
		},
		Body: `{"a":"é"}`,
	}, e)
}

func TestGateway_OnlyTextTravelsAsText(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		binary     bool
	}{
		{"application/json", `{}`, false},
		{"application/problem+json", `{}`, false},
		{"TEXT/html", "<p>", false},
		{"application/json", "\xff", true},
		{"application/x-www-form-urlencoded", "a=1", true},
		{"image/png", "abc", true},
		{"", "abc", true},
		{"image/png", "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		e := eventOf(t, r)
		require.Equal(t, c.binary, e.IsBase64Encoded, c)
		body := []byte(e.Body)
		if c.binary {
			var err error
			body, err = base64.StdEncoding.DecodeString(e.Body)
			require.NoError(t, err)
		}
		require.Equal(t, c.body, string(body))
	}
}

func TestGateway_RequestIDsDiffer(t *testing.T) {
	seen := map[string]bool{}
	g := gateway.New(gateway.Options{Invoke: func(ctx context.Context, payload []byte) ([]byte, error) {
		var e events.APIGatewayV2HTTPRequest
		require.NoError(t, json.Unmarshal(payload, &e))
		lc, ok := lambdacontext.FromContext(ctx)
		require.True(t, ok)
		require.Equal(t, e.RequestContext.RequestID, lc.AwsRequestID)
		seen[lc.AwsRequestID] = true
		return []byte(`{}`), nil
	}})
	for range 10 {
		g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	require.Len(t, seen, 10)
}

func TestGateway_AnswerBecomesAResponse(t *testing.T) {
	res := answerOf(http.MethodGet, `{"statusCode":202,"headers":{"content-type":"text/plain","x-n":7,"connection":"close","transfer-encoding":"chunked","content-length":"99"},
		"cookies":["a=1; Path=/","b=2"],"body":"aMOpIQ==","isBase64Encoded":true,"multiValueHeaders":{"ignored":["x"]}}`)
	require.Equal(t, 202, res.StatusCode)
	require.Equal(t, http.Header{
		"Content-Type": {"text/plain"}, "X-N": {"7"}, "Set-Cookie": {"a=1; Path=/", "b=2"}, "Content-Length": {"4"},
	}, res.Header)
	require.Equal(t, "hé!", bodyOf(t, res))
}

func TestGateway_AnswerWithoutStatusIsTheBody(t *testing.T) {
	for answer, body := range map[string]string{
		`{"a":"é","body":"x"}`: `{"a":"é","body":"x"}`,
		`[1,2]`:                `[1,2]`,
		`"hello\n"`:            "hello\n",
		`42`:                   `42`,
		`null`:                 `null`,
	} {
		res := answerOf(http.MethodGet, answer)
		require.Equal(t, http.StatusOK, res.StatusCode, answer)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.Equal(t, body, bodyOf(t, res))
	}
}

func TestGateway_AnswerThatIsNoneIs502(t *testing.T) {
	for _, answer := range []string{
		``, `{`, `{"statusCode":200`, `{"statusCode":"x"}`, `{"statusCode":99}`, `{"statusCode":101}`, `{"statusCode":700}`,
		`{"statusCode":200,"body":"@","isBase64Encoded":true}`, `{"statusCode":200,"body":{}}`, `{"statusCode":200,"headers":{"a":{}}}`,
		`"` + strings.Repeat("x", gateway.MaxPayloadBytes) + `"`,
	} {
		res := answerOf(http.MethodGet, answer)
		require.Equal(t, http.StatusBadGateway, res.StatusCode, "%.50s", answer)
		require.Equal(t, http.Header{"Content-Type": {"application/json"}}, res.Header)
		require.JSONEq(t, `{"message":"Bad Gateway"}`, bodyOf(t, res))
	}
}

func TestGateway_StatusesWithoutBodyHaveNone(t *testing.T) {
	for _, answer := range []string{`{"statusCode":204,"body":"x"}`, `{"statusCode":304,"body":"x"}`} {
		res := answerOf(http.MethodGet, answer)
		require.Empty(t, bodyOf(t, res))
		require.Empty(t, res.Header)
	}
	res := answerOf(http.MethodHead, `{"statusCode":200,"headers":{"content-length":"7"},"body":""}`)
	require.Empty(t, bodyOf(t, res))
	require.Equal(t, "7", res.Header.Get("Content-Length"))
}

func TestGateway_FailedFunctionIs502AndLogged(t *testing.T) {
	for name, invoke := range map[string]func(context.Context, []byte) ([]byte, error){
		"error": func(context.Context, []byte) ([]byte, error) { return nil, errors.New("rod broke") },
		"panic": func(context.Context, []byte) ([]byte, error) { panic("rod broke") },
	} {
		var log bytes.Buffer
		g := gateway.New(gateway.Options{Invoke: invoke, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		require.Equal(t, http.StatusBadGateway, w.Code, name)
		require.NotContains(t, w.Body.String(), "rod broke")
		require.Contains(t, log.String(), "rod broke")
	}
}

func TestGateway_TooMuchIsRefused(t *testing.T) {
	asked := false
	g := gateway.New(gateway.Options{Invoke: func(context.Context, []byte) ([]byte, error) {
		asked = true
		return []byte(`{}`), nil
	}})
	status := func(r *http.Request) int {
		asked = false
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		require.Equal(t, w.Code == http.StatusOK, asked)
		return w.Code
	}
	text := func(n int) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", n)))
		r.Header.Set("Content-Type", "text/plain")
		return r
	}
	unknown := func(n int) *http.Request {
		r := text(n)
		r.ContentLength = -1
		return r
	}
	require.Equal(t, http.StatusOK, status(text(5<<20)))
	require.Equal(t, http.StatusRequestEntityTooLarge, status(text(gateway.MaxPayloadBytes)))
	require.Equal(t, http.StatusRequestEntityTooLarge, status(text(gateway.MaxBodyBytes+1)))
	require.Equal(t, http.StatusOK, status(unknown(1<<20)))
	require.Equal(t, http.StatusRequestEntityTooLarge, status(unknown(gateway.MaxBodyBytes+1)))

	cookies := httptest.NewRequest(http.MethodGet, "/", nil)
	cookies.Header.Set("Cookie", "a="+strings.Repeat("x", gateway.MaxHeaderBytes-100))
	require.Equal(t, http.StatusOK, status(cookies))
	cookies.Header.Set("Cookie", "a="+strings.Repeat("x", 64<<10))
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status(cookies))
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status(httptest.NewRequest(http.MethodGet, "/"+strings.Repeat("x", gateway.MaxHeaderBytes), nil)))
	require.Equal(t, http.StatusBadRequest, status(httptest.NewRequest(http.MethodOptions, "*", nil)))
}

func TestGateway_BrokenBodyIs400(t *testing.T) {
	g := gateway.New(gateway.Options{Invoke: func(context.Context, []byte) ([]byte, error) { panic("asked") }})
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("ab"), brokenReader{})))
	require.Equal(t, http.StatusBadRequest, w.Code)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("gone") }

func TestGateway_AnswersForAFunctionThatDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		g := gateway.New(gateway.Options{Invoke: func(ctx context.Context, _ []byte) ([]byte, error) {
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, gateway.Timeout, time.Until(deadline))
			<-release
			return []byte(`{}`), nil
		}})
		began := time.Now()
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, gateway.Timeout, time.Since(began))
		close(release)
	})
}

func TestGateway_ClientThatGoesAwayDoesNotStopTheFunction(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	g := gateway.New(gateway.Options{Invoke: func(ctx context.Context, _ []byte) ([]byte, error) {
		leave()
		return []byte(`{"statusCode":201}`), ctx.Err()
	}})
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil).WithContext(ctx))
	require.Equal(t, http.StatusCreated, w.Code)
}

func TestNew_RefusesNothingToInvoke(t *testing.T) {
	require.Panics(t, func() { gateway.New(gateway.Options{}) })
}

// FuzzAnswer gives the gateway answers: the client always gets a response.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{`{"statusCode":200,"headers":{"a":"b"},"cookies":["c"],"body":"YQ==","isBase64Encoded":true}`, `{"a":1}`, `"x"`, `{"statusCode":204}`, `{"statusCode":1e3}`} {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		res := answerOf(http.MethodGet, answer)
		require.True(t, res.StatusCode >= 200 && res.StatusCode <= 599)
		if json.Valid([]byte(answer)) {
			return
		}
		require.Equal(t, http.StatusBadGateway, res.StatusCode)
	})
}
