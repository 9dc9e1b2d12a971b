package runtimetest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

// routes are the calls that a function may make.
func (rt *Runtime) routes() http.Handler {
	const version = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+version+"/invocation/next", rt.next)
	mux.HandleFunc("POST "+version+"/invocation/{id}/response", rt.response)
	mux.HandleFunc("POST "+version+"/invocation/{id}/error", rt.failure)
	mux.HandleFunc("POST "+version+"/init/error", rt.initError)
	mux.HandleFunc("POST /2020-01-01/extension/register", rt.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", rt.extensionNext)
	return mux
}

// next holds the function until there is an event.
func (rt *Runtime) next(w http.ResponseWriter, r *http.Request) {
	rt.readyOnce.Do(func() { close(rt.ready) })
	select {
	case c := <-rt.queue:
		rt.put(c)
		header := w.Header()
		header.Set("Lambda-Runtime-Aws-Request-Id", c.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.Deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", c.ARN)
		if c.Trace != "" {
			header.Set("Lambda-Runtime-Trace-Id", c.Trace)
		}
		header.Set("Content-Type", "application/json")
		_, _ = w.Write(c.Payload)
	case <-rt.closed:
	case <-r.Context().Done():
	}
}

func (rt *Runtime) response(w http.ResponseWriter, r *http.Request) {
	rt.settle(w, r, func(body []byte) Result { return Result{Payload: body} })
}

func (rt *Runtime) failure(w http.ResponseWriter, r *http.Request) {
	rt.settle(w, r, func(body []byte) Result { return Result{Payload: body, Failure: readFailure(body)} })
}

// settle passes the function's answer to whoever invoked it.
func (rt *Runtime) settle(w http.ResponseWriter, r *http.Request, result func(body []byte) Result) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c, ok := rt.take(r.PathValue("id"))
	if !ok {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
	c.result <- result(body)
}

func (rt *Runtime) initError(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	select {
	case rt.failed <- *readFailure(body):
	default:
	}
	w.WriteHeader(http.StatusAccepted)
}

// readFailure reads what a function says of a failure, be it JSON or not.
func readFailure(body []byte) *Failure {
	var f Failure
	if err := json.Unmarshal(body, &f); err != nil {
		f.Message = string(body)
	}
	return &f
}

// register takes an extension's name. An extension that registers for no events
// makes Lambda send SIGTERM before it ends an environment.
func (rt *Runtime) register(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Lambda-Extension-Identifier", "ext-"+r.Header.Get("Lambda-Extension-Name"))
	_, _ = io.WriteString(w, `{}`)
}

// extensionNext never has an event.
func (rt *Runtime) extensionNext(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-rt.closed:
	case <-r.Context().Done():
	}
}
