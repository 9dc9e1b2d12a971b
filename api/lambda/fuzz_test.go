package lambda_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/awslabs/aws-lambda-go-api-proxy/core"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda"
)

// FuzzInvoke gives the adapter events of all shapes: it either fails, or answers
// in JSON with a status, and never panics.
func FuzzInvoke(f *testing.F) {
	for _, front := range fronts {
		for _, body := range []string{"", "sku=a&quantity=2", "\x00\xff"} {
			r := httptest.NewRequest(http.MethodPost, "/shop/100%25%20wool?a=1&a=2&b=%26", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Cookie", "a=1; b=2,3")
			r.Header.Set("X-Forwarded-For", "203.0.113.9, [2001:db8::1]:80")
			f.Add(front.payload(r, []byte(body)))
		}
	}
	f.Add([]byte(`{"Records":[]}`))
	f.Add([]byte(`{"version":"1.0","httpMethod":"GET","path":null,"headers":null,"requestContext":{"identity":null}}`))

	adapter := lambda.New(http.HandlerFunc(curious), lambda.Options{BasePath: "/shop", TrustedHops: 1, TrustForwardedHost: true})
	f.Fuzz(func(t *testing.T, payload []byte) {
		out, err := adapter.Invoke(t.Context(), payload)
		if err != nil {
			return
		}
		var a struct {
			StatusCode int     `json:"statusCode"`
			Body       *string `json:"body"`
		}
		require.NoError(t, json.Unmarshal(out, &a), "%s", out)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, a.StatusCode, "%s", out)
		require.NotNil(t, a.Body)
	})
}

// curious looks at everything a request has, and says some of it.
func curious(w http.ResponseWriter, r *http.Request) {
	if r.URL.Host != "" || !strings.HasPrefix(r.RequestURI, "/") || r.ContentLength < 0 {
		panic("not what net/http would show")
	}
	_ = r.ParseForm()
	_ = r.ParseMultipartForm(1 << 10)
	core.GetAPIGatewayV2ContextFromContext(r.Context())
	for _, c := range r.Cookies() {
		http.SetCookie(w, c)
	}
	for name, values := range r.Header {
		w.Header()["X-Got-"+name] = values
	}
	_, _ = io.WriteString(w, r.URL.Path+r.Host+r.RemoteAddr+r.FormValue("a"))
	_, _ = io.Copy(w, r.Body)
}
