package lambda_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"
	"github.com/awslabs/aws-lambda-go-api-proxy/gorillamux"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
	"github.com/gorilla/mux"

	"github.com/banyan-edge/banyan/api/lambda"
	"github.com/banyan-edge/banyan/api/lambda/gateway"
)

const checkoutBody = `{"customer":{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},` +
	`"lines":[{"sku":"muskie-casting-rod","quantity":1,"price":{"amount":18900,"currency":"USD"}}],"payment":{"token":"tok_demo"}}`

// checkoutRouter reads an order and accepts it, without doing anything.
func checkoutRouter() *mux.Router {
	router := mux.NewRouter()
	router.HandleFunc("/checkout", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/orders/01JD6Z3W8M2V4T6Y8B0D2F4H6K")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"order_id":"01JD6Z3W8M2V4T6Y8B0D2F4H6K","status":"accepted","status_url":"/orders/01JD6Z3W8M2V4T6Y8B0D2F4H6K"}`)
	}).Methods(http.MethodPost)
	return router
}

func checkoutRequest() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/checkout", strings.NewReader(checkoutBody))
	r.Host = "shop.example.com"
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "gzip",
		"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
		"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324", "Content-Length": "239",
		"Traceparent":  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"X-Banyan-Arm": "serverless", "X-Banyan-Epoch": "7", "Cookie": "banyan_visitor=4f1c9e; cart=muskie-casting-rod",
	} {
		r.Header.Set(name, value)
	}
	return r
}

// BenchmarkInvoke is the wrap of one JSON checkout, per event, beside
// aws-lambda-go-api-proxy with the same handler.
func BenchmarkInvoke(b *testing.B) {
	ctx := context.Background()
	adapter := lambda.New(checkoutRouter(), lambda.Options{})
	for _, f := range fronts {
		payload := f.payload(checkoutRequest(), []byte(checkoutBody))
		b.Run(f.name+"/banyan", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := adapter.Invoke(ctx, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(f.name+"/api-proxy", func(b *testing.B) {
			plain := apiProxy(f.name)
			b.ReportAllocs()
			for b.Loop() {
				if err := plain(ctx, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// apiProxy decodes, answers and encodes an event as aws-lambda-go does with the
// library's adapter for its shape.
func apiProxy(shape string) func(ctx context.Context, payload []byte) error {
	proxy := gorillamux.New(checkoutRouter())
	balancer := httpadapter.NewALB(checkoutRouter())
	if strings.HasPrefix(shape, "alb") {
		return func(ctx context.Context, payload []byte) error {
			var in events.ALBTargetGroupRequest
			if err := json.Unmarshal(payload, &in); err != nil {
				return err
			}
			out, err := balancer.ProxyWithContext(ctx, in)
			if err != nil {
				return err
			}
			_, err = json.Marshal(out)
			return err
		}
	}
	return func(ctx context.Context, payload []byte) error {
		var in core.SwitchableAPIGatewayRequest
		if err := json.Unmarshal(payload, &in); err != nil {
			return err
		}
		out, err := proxy.ProxyWithContext(ctx, in)
		if err != nil {
			return err
		}
		_, err = json.Marshal(out)
		return err
	}
}

// BenchmarkHandler is the handler alone: what is left of the others without it
// is the wrap.
func BenchmarkHandler(b *testing.B) {
	h := checkoutRouter()
	r := checkoutRequest()
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(checkoutBody))
		h.ServeHTTP(&sink{header: http.Header{}}, r)
	}
}

// BenchmarkGateway is a request through the gateway, the event, the adapter, the
// handler and back.
func BenchmarkGateway(b *testing.B) {
	adapter := lambda.New(checkoutRouter(), lambda.Options{})
	h := gateway.New(gateway.Options{Invoke: adapter.Invoke})
	r := checkoutRequest()
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(checkoutBody))
		w := &sink{header: http.Header{}}
		h.ServeHTTP(w, r)
		if w.status != http.StatusAccepted {
			b.Fatal(w.status)
		}
	}
}
