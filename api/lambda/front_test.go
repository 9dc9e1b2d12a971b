package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/banyan-edge/banyan/api/lambda/gateway"
)

// front is one of the services that turn a request into an event and an answer
// back into a response. The payload 2.0 fronts share their answer.
type front struct {
	name    string
	payload func(r *http.Request, body []byte) []byte
	pass    func(w http.ResponseWriter, out []byte) error
}

var fronts = []front{
	{"http-api", httpAPIEvent, passV2},
	{"function-url", functionURLEvent, passV2},
	{"rest-api", restEvent, passV1},
	{"alb-single", albSingleEvent, passSingle},
	{"alb-multi", albMultiEvent, passV1},
}

// serve makes an http.Handler of a front and a function.
func (f front) serve(invoke func(context.Context, []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		out, err := invoke(r.Context(), f.payload(r, body))
		if err == nil {
			err = f.pass(w, out)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
}

// httpAPIEvent asks the gateway for its event.
func httpAPIEvent(r *http.Request, body []byte) (payload []byte) {
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
	gateway.New(gateway.Options{Invoke: func(_ context.Context, p []byte) ([]byte, error) {
		payload = append(payload, p...)
		return []byte(`{"statusCode":200}`), nil
	}}).ServeHTTP(&sink{header: http.Header{}}, again)
	return payload
}

func functionURLEvent(r *http.Request, body []byte) []byte {
	text, coded := encodeBody(body)
	header := joined(r, ",")
	header["cookie"] = strings.Join(r.Header["Cookie"], "; ")
	var cookies []string
	for _, c := range strings.Split(header["cookie"], ";") {
		if c = strings.TrimSpace(c); c != "" {
			cookies = append(cookies, c)
		}
	}
	if len(cookies) == 0 {
		delete(header, "cookie")
	}
	return marshal(events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: wirePath(r), RawQueryString: r.URL.RawQuery, Cookies: cookies, Headers: header,
		RequestContext: events.LambdaFunctionURLRequestContext{
			AccountID: "anonymous", DomainName: "abc.lambda-url.us-east-1.on.aws", RequestID: "id",
			HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{
				Method: r.Method, Path: wirePath(r), Protocol: r.Proto, SourceIP: peer(r),
			},
		},
		Body: text, IsBase64Encoded: coded,
	})
}

func restEvent(r *http.Request, body []byte) []byte {
	text, coded := encodeBody(body)
	multi := map[string][]string(r.Header.Clone())
	multi["Host"] = []string{r.Host}
	query := r.URL.Query()
	return marshal(events.APIGatewayProxyRequest{
		Resource: "/{proxy+}", Path: wirePath(r), HTTPMethod: r.Method,
		Headers: last(multi), MultiValueHeaders: multi,
		QueryStringParameters: last(query), MultiValueQueryStringParameters: query,
		RequestContext: events.APIGatewayProxyRequestContext{
			Stage: "prod", DomainName: "abc.execute-api.us-east-1.amazonaws.com", Protocol: r.Proto, HTTPMethod: r.Method,
			RequestID: "id", Identity: events.APIGatewayRequestIdentity{SourceIP: peer(r)},
		},
		Body: text, IsBase64Encoded: coded,
	})
}

func albSingleEvent(r *http.Request, body []byte) []byte { return albEvent(r, body, false) }
func albMultiEvent(r *http.Request, body []byte) []byte  { return albEvent(r, body, true) }

func albEvent(r *http.Request, body []byte, multi bool) []byte {
	text, coded := encodeBody(body)
	header := map[string][]string{"host": {r.Host}, "x-forwarded-for": append(r.Header["X-Forwarded-For"], peer(r))}
	for name, values := range r.Header {
		if name != "X-Forwarded-For" {
			header[strings.ToLower(name)] = values
		}
	}
	in := events.ALBTargetGroupRequest{
		HTTPMethod: r.Method, Path: wirePath(r), Body: text, IsBase64Encoded: coded,
		RequestContext: events.ALBTargetGroupRequestContext{ELB: events.ELBContext{TargetGroupArn: "arn:aws:elasticloadbalancing:tg"}},
	}
	query := map[string][]string{}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, value, _ := strings.Cut(part, "="); part != "" {
			query[name] = append(query[name], value)
		}
	}
	if multi {
		in.MultiValueHeaders, in.MultiValueQueryStringParameters = header, query
	} else {
		in.Headers, in.QueryStringParameters = last(header), last(query)
	}
	return marshal(in)
}

func passV2(w http.ResponseWriter, out []byte) error {
	var a events.APIGatewayV2HTTPResponse
	if err := strictly(out, &a); err != nil {
		return err
	}
	header := map[string][]string{"Set-Cookie": a.Cookies}
	for name, value := range a.Headers {
		header[name] = []string{value}
	}
	return write(w, a.StatusCode, header, a.Body, a.IsBase64Encoded)
}

func passV1(w http.ResponseWriter, out []byte) error {
	var a struct {
		events.APIGatewayProxyResponse
		StatusDescription string `json:"statusDescription"`
	}
	if err := strictly(out, &a); err != nil {
		return err
	}
	return write(w, a.StatusCode, a.MultiValueHeaders, a.Body, a.IsBase64Encoded)
}

func passSingle(w http.ResponseWriter, out []byte) error {
	var a events.ALBTargetGroupResponse
	if err := strictly(out, &a); err != nil {
		return err
	}
	header := map[string][]string{}
	for name, value := range a.Headers {
		header[name] = []string{value}
	}
	return write(w, a.StatusCode, header, a.Body, a.IsBase64Encoded)
}

// write sends what a front would.
func write(w http.ResponseWriter, status int, header map[string][]string, body string, coded bool) error {
	content := []byte(body)
	if coded {
		var err error
		if content, err = base64.StdEncoding.DecodeString(body); err != nil {
			return err
		}
	}
	for name, values := range header {
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	if w.Header()["Content-Type"] == nil {
		w.Header()["Content-Type"] = nil
	}
	w.WriteHeader(status)
	_, _ = w.Write(content)
	return nil
}

func strictly(out []byte, into any) error {
	dec := json.NewDecoder(strings.NewReader(string(out)))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func encodeBody(body []byte) (text string, coded bool) {
	if utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

// wirePath is the path as it stood in the request line.
func wirePath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if u, err := url.Parse(path); err == nil && u.IsAbs() {
		return u.EscapedPath()
	}
	return path
}

func peer(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

func joined(r *http.Request, comma string) map[string]string {
	out := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		out[strings.ToLower(name)] = strings.Join(values, comma)
	}
	return out
}

func last(multi map[string][]string) map[string]string {
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// sink is an http.ResponseWriter that forgets.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
