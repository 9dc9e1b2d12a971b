package lambda_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda"
)

const (
	oldSecret = "0123456789abcdef-old"
	newSecret = "0123456789abcdef-new"
)

// sayHeader says what a handler sees.
func sayHeader(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "in", r.Header) }

func TestRequireSecret_LetsInWhatCameThroughTheEdgeOnly(t *testing.T) {
	guarded, err := lambda.RequireSecret(http.HandlerFunc(sayHeader), lambda.Secret{Values: []string{oldSecret, newSecret}})
	require.NoError(t, err)
	for headers, status := range map[string]int{
		`"x-banyan-secret":"` + oldSecret + `"`:                   200,
		`"X-Banyan-Secret":"` + newSecret + `"`:                   200,
		`"x-banyan-secret":"` + newSecret + `x"`:                  403,
		`"x-banyan-secret":"` + newSecret[1:] + `"`:               403,
		`"x-banyan-secret":"` + strings.ToUpper(newSecret) + `"`:  403,
		`"x-banyan-secret":"` + oldSecret + "," + newSecret + `"`: 403,
		`"x-banyan-secret":""`:                                    403,
		`"x_banyan_secret":"` + newSecret + `"`:                   403,
		`"authorization":"` + newSecret + `"`:                     403,
		``:                                                        403,
	} {
		a := invoke(t, guarded.ServeHTTP, lambda.Options{}, v2("/orders/1", `,"headers":{`+headers+`}`))
		require.Equal(t, status, a.StatusCode, headers)
		if status == 403 {
			require.Empty(t, a.Body, "no detail")
			require.Equal(t, "no-store", a.Headers["Cache-Control"])
			continue
		}
		require.Contains(t, a.Body, "in")
		require.NotContains(t, a.Body, "0123456789abcdef", "it goes no further")
	}
}

func TestRequireSecret_HeaderMayHaveAnotherName(t *testing.T) {
	guarded, err := lambda.RequireSecret(http.HandlerFunc(sayHeader), lambda.Secret{Header: "x-origin-verify", Values: []string{newSecret}})
	require.NoError(t, err)
	require.Equal(t, 200, invoke(t, guarded.ServeHTTP, lambda.Options{}, v2("/", `,"headers":{"X-ORIGIN-Verify":"`+newSecret+`"}`)).StatusCode)
	require.Equal(t, 403, invoke(t, guarded.ServeHTTP, lambda.Options{}, v2("/", `,"headers":{"x-banyan-secret":"`+newSecret+`"}`)).StatusCode)
}

func TestRequireSecret_TwoLinesAreNoSecret(t *testing.T) {
	guarded, err := lambda.RequireSecret(http.HandlerFunc(sayHeader), lambda.Secret{Values: []string{newSecret}})
	require.NoError(t, err)
	event := `{"httpMethod":"GET","path":"/","requestContext":{"identity":{"sourceIp":"192.0.2.1"}},"headers":{"x-banyan-secret":"` + newSecret + `"},` +
		`"multiValueHeaders":{"x-banyan-secret":["` + newSecret + `","guess"]}}`
	out, err := lambda.New(guarded, lambda.Options{}).Invoke(t.Context(), []byte(event))
	require.NoError(t, err)
	require.Contains(t, string(out), `"statusCode":403`)
}

func TestRequireSecret_NeverStandsInALog(t *testing.T) {
	var log bytes.Buffer
	panicking := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { panic(fmt.Sprint(r.Header)) })
	guarded, err := lambda.RequireSecret(panicking, lambda.Secret{Values: []string{newSecret}})
	require.NoError(t, err)
	opts := lambda.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}
	for _, secret := range []string{newSecret, newSecret + "-wrong"} {
		invoke(t, guarded.ServeHTTP, opts, v2("/", `,"headers":{"x-banyan-secret":"`+secret+`"}`))
	}
	require.Contains(t, log.String(), "handler panicked")
	require.NotContains(t, log.String(), newSecret)
}

func TestRequireSecret_RefusesWhatKeepsNobodyOut(t *testing.T) {
	for name, values := range map[string][]string{
		"none": nil, "empty": {""}, "short": {"0123456789abcde"}, "three": {oldSecret, newSecret, oldSecret + newSecret},
		"one of them empty": {newSecret, ""}, "a space": {"0123456789 abcdef"}, "a line end": {"0123456789abcdef\r\nX: y"}, "no ASCII": {"0123456789abcdeé"},
	} {
		_, err := lambda.RequireSecret(http.NotFoundHandler(), lambda.Secret{Values: values})
		require.ErrorIs(t, err, lambda.ErrSecret, name)
		for _, value := range values {
			require.False(t, value != "" && strings.Contains(err.Error(), value), "the error does not tell it")
		}
	}
}
