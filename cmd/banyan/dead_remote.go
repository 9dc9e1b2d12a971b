package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// commandsPath is where the running process answers the commands beside it, on
// the console's address and behind the console's guard.
const commandsPath = "/commands/"

// mendRequest is what a command asks the running process to do.
type mendRequest struct {
	Who        string             `json:"who"`
	Why        string             `json:"why,omitempty"`
	Correction *intake.Correction `json:"correction,omitempty"`
	Body       []byte             `json:"body,omitempty"` // of a captured request
}

func (r mendRequest) act() intake.Act { return intake.Act{Who: r.Who, Why: r.Why} }

// commands is what the running process answers the commands beside it.
func (in *installation) commands() http.Handler {
	m := in.mender()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+commandsPath+"stock", func(w http.ResponseWriter, r *http.Request) {
		view, err := in.stockNow(r.Context())
		in.answer(w, r, view, err)
	})
	mux.HandleFunc("GET "+commandsPath+"relay", func(w http.ResponseWriter, r *http.Request) {
		in.answer(w, r, relayView{m.Relaying()}, nil)
	})
	for action, do := range map[string]func(context.Context, string, mendRequest) (any, error){
		"edit": func(ctx context.Context, id string, r mendRequest) (any, error) {
			if r.Correction == nil {
				return nil, &order.InvalidError{Fields: []order.FieldError{{Field: "correction", Detail: "is missing"}}}
			}
			return m.Edit(ctx, id, *r.Correction, r.act())
		},
		"body": func(ctx context.Context, id string, r mendRequest) (any, error) {
			return struct{}{}, m.EditBody(ctx, id, r.Body, r.act())
		},
		"check": func(ctx context.Context, id string, r mendRequest) (any, error) {
			return m.Check(ctx, id, r.Correction, r.act())
		},
		"redrive": func(ctx context.Context, id string, r mendRequest) (any, error) {
			return struct{}{}, m.Redrive(ctx, id, r.act())
		},
		"drop": func(ctx context.Context, id string, r mendRequest) (any, error) {
			return struct{}{}, m.Drop(ctx, id, r.act())
		},
	} {
		mux.HandleFunc("POST "+commandsPath+"dead/{id}/"+action, in.mend(action, do))
	}
	return mux
}

type relayView struct {
	Running bool `json:"running"`
}

// mend answers one kind of request. It takes JSON only: no form of any page can
// send that.
func (in *installation) mend(action string, do func(context.Context, string, mendRequest) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request mendRequest
		if r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "send application/json", http.StatusUnsupportedMediaType)
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Who == "" {
			http.Error(w, "the request cannot be read, or does not say who sends it", http.StatusBadRequest)
			return
		}
		id := r.PathValue("id")
		answer, err := do(r.Context(), id, request)
		if err == nil {
			in.log.Info("dead letter mended", "order_id", id, "action", action, "who", request.Who)
		}
		in.answer(w, r, answer, err)
	}
}

// answer writes the answer, or the refusal, as JSON.
func (in *installation) answer(w http.ResponseWriter, r *http.Request, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		refusal, code, ok := refused(r.PathValue("id"), err)
		if !ok {
			in.log.Error("command failed", "path", r.URL.Path, "error", err)
			http.Error(w, "it did not work; the log says more", http.StatusServiceUnavailable)
			return
		}
		answer, status = refusal, code
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := printLine(w, answer); err != nil {
		in.log.Debug("answer not sent", "error", err)
	}
}

// remoteMender asks the running process.
type remoteMender struct {
	running
	relaying bool
}

func openRemoteMender(ctx context.Context, r running) (remoteMender, error) {
	var relay relayView
	err := r.consoleJSON(ctx, commandsPath+"relay", &relay)
	return remoteMender{r, relay.Running}, err
}

func (m remoteMender) Relaying() bool { return m.relaying }
func (m remoteMender) Close() error   { return nil }

func (m remoteMender) Edit(ctx context.Context, id string, c intake.Correction, by intake.Act) (o order.Order, err error) {
	err = m.post(ctx, id, "edit", mendRequest{Who: by.Who, Why: by.Why, Correction: &c}, &o)
	return o, err
}

func (m remoteMender) Check(ctx context.Context, id string, c *intake.Correction, by intake.Act) (t tried, err error) {
	err = m.post(ctx, id, "check", mendRequest{Who: by.Who, Why: by.Why, Correction: c}, &t)
	return t, err
}

func (m remoteMender) Redrive(ctx context.Context, id string, by intake.Act) error {
	return m.post(ctx, id, "redrive", mendRequest{Who: by.Who, Why: by.Why}, &struct{}{})
}

func (m remoteMender) Drop(ctx context.Context, id string, by intake.Act) error {
	return m.post(ctx, id, "drop", mendRequest{Who: by.Who, Why: by.Why}, &struct{}{})
}

// EditBody corrects the body of a captured request.
func (m remoteMender) EditBody(ctx context.Context, id string, body []byte, by intake.Act) error {
	return m.post(ctx, id, "body", mendRequest{Who: by.Who, Why: by.Why, Body: body}, &struct{}{})
}

// post asks for one thing to be done to a dead letter.
func (m remoteMender) post(ctx context.Context, id, action string, body mendRequest, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Console+commandsPath+"dead/"+url.PathEscape(id)+"/"+action, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running process: %w", err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		return json.NewDecoder(resp.Body).Decode(into)
	case resp.Header.Get("Content-Type") == "application/json":
		var r refusal
		if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
			return fmt.Errorf("read the running process's answer: %w", err)
		}
		return &r
	}
	return withHint(fmt.Errorf("ask the running process to %s order %s: %s", action, id, resp.Status), "see its log")
}
