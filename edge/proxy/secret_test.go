package proxy

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const secretValue = "0123456789abcdef"

// withSecret is an origin that asks for a secret.
func withSecret(o *rawOrigin, header string) Origin {
	origin := o.origin()
	origin.Secret = Secret{Header: header, Value: secretValue}
	return origin
}

func TestSecret_IsSentOnceWhateverTheViewerSends(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		for _, header := range []string{"", "x-banyan-secret", "X-Origin-Verify", "from-the-edge"} {
			name := header
			if name == "" {
				name = SecretHeader
			}
			origin := startOrigin(t, say(plainAnswer))
			e := startEdge(t, Options{Legacy: withSecret(origin, header), TrustedHops: local})
			under, dotted := strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", ".")
			for _, line := range []string{"GET /", "POST /", "OPTIONS *", "DELETE /"} {
				e.get(request(line, name+": mine", strings.ToUpper(name)+": mine", under+": mine", strings.ToUpper(dotted)+": mine",
					"Connection: "+name+", "+under+", close", "X-Kept: 1"))
				h := origin.heard()
				require.Equal(t, 1, strings.Count(strings.ToLower(h.raw), strings.ToLower(name)+": "), h.raw)
				require.Equal(t, []string{secretValue}, h.header.Values(name), h.raw)
				require.NotContains(t, h.raw, "mine")
				require.Equal(t, "1", h.header.Get("X-Kept"))
			}
		}
	})
}

func TestSecret_GoesWithWhatIsSentByHandToo(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: withSecret(origin, "X-Origin-Verify")})
		e.get(request("POST /", "Transfer-Encoding: chunked", "Trailer: X-Origin-Verify, X-Sum") + "3\r\nabc\r\n0\r\nX-Origin-Verify: mine\r\nX-Sum: 1\r\n\r\n")
		h := origin.heard()
		require.Equal(t, []string{secretValue}, h.header.Values("X-Origin-Verify"))
		require.NotContains(t, h.raw+h.body, "mine")
		require.Contains(t, h.body, "X-Sum: 1")
	})
}

func TestSecret_IsKeptFromTheOtherArmAndFromHandlers(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy, api := startOrigin(t, say(plainAnswer)), startOrigin(t, say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"))
		o := Options{Table: always(toServerless), Legacy: withSecret(legacy, "X-Legacy-Key"), Serverless: Serverless{Origin: withSecret(api, "X-Api-Key")}}
		startEdge(t, o).get(request("GET /", "X-Legacy-Key: mine", "X-Api-Key: mine"))
		first, second := api.heard(), legacy.heard()
		require.Equal(t, []string{secretValue}, first.header.Values("X-Api-Key"))
		require.Empty(t, first.header.Values("X-Legacy-Key"))
		require.Equal(t, []string{secretValue}, second.header.Values("X-Legacy-Key"))
		require.Empty(t, second.header.Values("X-Api-Key"))

		o.Serverless = Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, len(r.Header["X-Legacy-Key"])+len(r.Header[SecretHeader]))
		})}
		require.Equal(t, "0", startEdge(t, o).get(request("GET /", "X-Legacy-Key: mine", "X-Banyan-Secret: mine")).body)
	})
}

func TestSecret_IsNotSentWithWhatIsRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: withSecret(origin, "")})
		for _, method := range []string{"TRACE", "trace"} {
			e.get(request(method+" /", "X-Banyan-Secret: mine"))
			require.NotContains(t, strings.ToLower(origin.heard().raw), "secret")
		}
	})
}

func TestNew_RefusesASecretThatKeepsNobodyOut(t *testing.T) {
	for _, s := range []Secret{
		{Header: "X-Banyan-Secret"},
		{Value: "too short"},
		{Value: secretValue + " "},
		{Value: secretValue + "\r\nX: y"},
		{Value: secretValue + "\u00e9"},
		{Value: strings.Repeat("x", secretMost+1)},
		{Header: "x_banyan_secret", Value: secretValue},
		{Header: "x banyan", Value: secretValue},
		{Header: "X-Banyan-Arm", Value: secretValue},
		{Header: "x-banyan-epoch", Value: secretValue},
		{Header: "Host", Value: secretValue},
		{Header: "connection", Value: secretValue},
		{Header: "Content-Length", Value: secretValue},
		{Header: "Cookie", Value: secretValue},
		{Header: "authorization", Value: secretValue},
		{Header: "X-Forwarded-For", Value: secretValue},
		{Header: "X-Forwarded-Anything", Value: secretValue},
		{Header: "True-Client-IP", Value: secretValue},
	} {
		legacy := closedOrigin(t)
		legacy.Secret = s
		_, err := New(Options{Table: always(decided{}), Legacy: legacy})
		require.ErrorIs(t, err, ErrSecret, "%q", s.Header)
		if s.Value != "" {
			require.NotContains(t, err.Error(), s.Value)
		}
	}
}

func TestSecret_IsNotShown(t *testing.T) {
	o := Origin{Host: "old.internal", Secret: Secret{Value: secretValue}}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("origin", "origin", o, "secret", o.Secret)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("origin", "origin", o, "secret", &o.Secret)
	text, err := json.Marshal(o)
	require.NoError(t, err)
	shown := fmt.Sprintf("%v %+v %#v %s %q %x %d", o, o, o, o.Secret, o.Secret, o.Secret, o.Secret) + log.String() + string(text)
	require.NotContains(t, shown, secretValue)
	require.NotContains(t, shown, fmt.Sprintf("%x", secretValue))
	require.Contains(t, shown, "X-Banyan-Secret: (secret)")
}
