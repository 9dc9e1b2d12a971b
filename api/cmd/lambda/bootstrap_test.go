package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/lambda/runtimetest"
)

// bootstrap builds the binary as it is shipped, once an architecture; with a
// folder's store where one is asked for.
func bootstrap(t *testing.T, kind string) string {
	t.Helper()
	path, err := built[kind]()
	require.NoError(t, err)
	return path
}

const (
	shippedTags = "lambda.norpc,nofolder"
	folderTags  = "lambda.norpc"
	withFolder  = "folder"
)

var built = map[string]func() (string, error){
	"amd64":    sync.OnceValues(func() (string, error) { return build("amd64", "amd64", shippedTags) }),
	"arm64":    sync.OnceValues(func() (string, error) { return build("arm64", "arm64", shippedTags) }),
	withFolder: sync.OnceValues(func() (string, error) { return build(withFolder, runtime.GOARCH, folderTags) }),
}

var scratch string // the folder of the built binaries

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "bootstrap"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(scratch)
		return awstest.Main(m).Run()
	}())
}

func build(kind, arch, tags string) (string, error) {
	path := filepath.Join(scratch, kind, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", tags, "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
}

func TestBootstrap_BuildsForBothArchitectures(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles everything for another architecture")
	}
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		f, err := elf.Open(bootstrap(t, arch))
		require.NoError(t, err)
		require.Equal(t, machine, f.Machine)
		libraries, err := f.ImportedLibraries()
		require.NoError(t, err)
		require.Empty(t, libraries, "provided.al2023 has no libraries that can be counted on")
		require.NoError(t, f.Close())
	}
}

// function is a running bootstrap.
type function struct {
	*exec.Cmd
	rt   *runtimetest.Runtime
	out  bytes.Buffer // metrics; like log to be read after the process has ended
	log  bytes.Buffer
	done chan error
}

// start starts the function as it is shipped, or with a folder's store where
// that is where its orders go.
func start(t *testing.T, env ...string) *function {
	kind := runtime.GOARCH
	if slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "BANYAN_DATA=") }) {
		kind = withFolder
	}
	return startAs(t, kind, env...)
}

func startAs(t *testing.T, kind string, env ...string) *function {
	f := &function{Cmd: exec.Command(bootstrap(t, kind)), rt: runtimetest.Start(), done: make(chan error, 1)}
	t.Cleanup(f.rt.Close)
	f.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + f.rt.Addr()}, env...)
	f.Stdout, f.Stderr = &f.out, &f.log
	require.NoError(t, f.Start())
	go func() { f.done <- f.Wait() }()
	t.Cleanup(func() { _ = f.Process.Kill() })
	return f
}

// end asks the function to end, as Lambda does, and waits until it has.
func (f *function) end(t *testing.T) {
	require.NoError(t, f.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-f.done, "exit code")
}

func (f *function) invoke(t *testing.T, payload string) runtimetest.Result {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	res, err := f.rt.Invoke(ctx, runtimetest.Invocation{Payload: []byte(payload), Trace: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"})
	require.NoError(t, err)
	return res
}

// ask sends a request through the function as an HTTP API does.
func (f *function) ask(t *testing.T, method, path string, header map[string]string, body string) events.APIGatewayV2HTTPResponse {
	in := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, Headers: map[string]string{"host": "shop.example.com"}, Body: body}
	for name, value := range header {
		in.Headers[name] = value
	}
	in.RequestContext.HTTP.Method, in.RequestContext.HTTP.SourceIP = method, "192.0.2.1"
	payload, err := json.Marshal(in)
	require.NoError(t, err)
	res := f.invoke(t, string(payload))
	require.Nil(t, res.Failure)
	var out events.APIGatewayV2HTTPResponse
	require.NoError(t, json.Unmarshal(res.Payload, &out))
	return out
}

var asJSON = map[string]string{"content-type": "application/json", "accept": "application/json", "idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}

const checkout = `{"customer":{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},
	"lines":[{"sku":"muskie-casting-rod","quantity":1}],"payment":{"token":"tok_demo"}}`

func TestBootstrap_SellsAndSurvives(t *testing.T) {
	data := t.TempDir()
	f := start(t, "BANYAN_DATA="+data)

	page := f.ask(t, http.MethodGet, "/shop/rods/muskie-casting-rod", nil, "")
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, page.Headers["Content-Type"], "text/html")
	require.Contains(t, page.Body, "Muskie")

	first := f.ask(t, http.MethodPost, "/checkout", asJSON, checkout)
	require.Equal(t, http.StatusAccepted, first.StatusCode, first.Body)
	var receipt struct {
		OrderID string `json:"order_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(first.Body), &receipt))
	require.Equal(t, "/orders/"+receipt.OrderID, first.Headers["Location"])

	failed := f.invoke(t, `{"Records":[{"eventSource":"aws:sqs"}]}`)
	require.NotNil(t, failed.Failure)
	require.Contains(t, failed.Failure.Message, "API Gateway HTTP API (payload 2.0)")

	require.Equal(t, http.StatusBadRequest, f.ask(t, http.MethodPost, "/checkout", asJSON, `{"lines":-1}`).StatusCode)
	require.Equal(t, http.StatusNotFound, f.ask(t, http.MethodGet, "/nowhere", nil, "").StatusCode)
	again := f.ask(t, http.MethodPost, "/checkout", asJSON, checkout)
	require.JSONEq(t, first.Body, again.Body, "a repeated key gets the first answer")
	f.end(t)

	// Another environment, later: what was accepted is still there.
	f = start(t, "BANYAN_DATA="+data)
	order := f.ask(t, http.MethodGet, "/orders/"+receipt.OrderID, map[string]string{"accept": "application/json"}, "")
	require.Equal(t, http.StatusOK, order.StatusCode, order.Body)
	f.end(t)
}

func TestBootstrap_WithoutADurableStoreDoesNotStart(t *testing.T) {
	f := start(t)
	var exit *exec.ExitError
	require.ErrorAs(t, <-f.done, &exit)
	require.Equal(t, 1, exit.ExitCode())
	require.Equal(t, "banyan: no durable store is configured\n"+
		"hint: set BANYAN_TABLE and BANYAN_QUEUE, or BANYAN_DATA to a folder that outlives the function\n", f.log.String())
	told := <-f.rt.InitFailed()
	require.Equal(t, "Banyan.InitError", told.Type)
	require.Contains(t, told.Message, "BANYAN_DATA")
}

func TestBootstrap_AsItIsShippedHasNoFolder(t *testing.T) {
	f := startAs(t, runtime.GOARCH, "BANYAN_DATA="+t.TempDir())
	require.Error(t, <-f.done)
	require.Contains(t, f.log.String(), "BANYAN_DATA")
	require.Contains(t, f.log.String(), "hint: build it without the tag nofolder")
}

func TestBootstrap_SecondWriterDoesNotStart(t *testing.T) {
	data := "BANYAN_DATA=" + t.TempDir()
	first := start(t, data)
	<-first.rt.Ready()
	second := start(t, data)
	require.Error(t, <-second.done)
	require.Contains(t, second.log.String(), "reserve a concurrency of 1")
	first.end(t)
}

func TestSettings_BadValuesNameTheirSource(t *testing.T) {
	env := map[string]string{"BANYAN_DATA": "d", "BANYAN_BASE_PATH": "/prod", "BANYAN_TRUSTED_HOPS": "1", "BANYAN_TRUST_FORWARDED_HOST": "true"}
	s, err := readSettings(func(name string) string { return env[name] })
	require.NoError(t, err)
	require.Equal(t, "/prod", s.Adapter.BasePath)
	require.Equal(t, 1, s.Adapter.TrustedHops)
	require.True(t, s.Adapter.TrustForwardedHost)
	for name, bad := range map[string]string{"BANYAN_TRUSTED_HOPS": "-1", "BANYAN_TRUST_FORWARDED_HOST": "perhaps"} {
		_, err := readSettings(func(n string) string {
			if n == name {
				return bad
			}
			return env[n]
		})
		require.ErrorContains(t, err, name)
		require.False(t, strings.HasPrefix(err.Error(), "strconv"))
	}
}
