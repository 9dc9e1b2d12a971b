package replay

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// standing is how a request stands, as its shopper sees it.
type standing struct {
	RequestID    string    `json:"request_id"`
	Status       string    `json:"status"` // accepted, written, cancelled
	StatusURL    string    `json:"status_url"`
	AnswerURL    string    `json:"answer_url,omitempty"` // legacy's own answer
	AnswerStatus int       `json:"answer_status,omitempty"`
	Location     string    `json:"location,omitempty"` // of that answer
	Heading      string    `json:"heading"`
	Message      string    `json:"message"`
	Final        bool      `json:"final"` // it will not change any more
	Attention    bool      `json:"attention"`
	AcceptedAt   time.Time `json:"accepted_at,omitzero"`
}

// standingOf says a record in words. What is being done behind the scenes
// concerns no shopper: until it has ended it is accepted, a dead letter too.
func standingOf(record Record) standing {
	v := standing{RequestID: record.ID, Status: "accepted", StatusURL: FollowPath + record.ID, AcceptedAt: record.AcceptedAt,
		Heading: "We have your request",
		Message: "The shop is busy just now. Your request is kept safely and is passed on as soon as the shop can take it. There is no need to send it again: keep this page open, or come back to it later."}
	if a := record.Answer; a != nil {
		v.AnswerStatus = a.Status
		if location := a.Header.Get("Location"); location != "" {
			v.Location = complete(location, record.Target)
		}
		if !a.Cut {
			v.AnswerURL = v.StatusURL + answerSuffix
		}
	}
	switch record.State {
	case Written:
		v.Status, v.Final = "written", true
		v.Heading, v.Message = "Your request has been carried out", "The shop has it. Its own answer was lost on the way; you need not send anything again."
		if v.AnswerURL != "" {
			v.Message = "The shop has it, and has answered."
		}
	case Cancelled:
		v.Status, v.Final = "cancelled", true
		v.Heading, v.Message = "The shop did not take your request", "Nothing has been done. The shop's answer says why."
	case Dead:
		v.Attention = true
		v.Heading, v.Message = "We are looking into your request", "The shop could not take it as it is, and we are looking into it. There is no need to send it again."
	}
	return v
}

// forwards reports whether a browser is sent on to legacy's answer.
func (v standing) forwards() bool { return v.Final && v.AnswerURL != "" }

// show answers with how a request stands, as a page or as JSON.
func (r *Replay) show(w http.ResponseWriter, req *http.Request, status int, v standing) {
	hide(w.Header())
	if wantsPage(req.Header) {
		r.writePage(w, status, page{Title: v.Heading, Message: v.Message, Standing: &v})
		return
	}
	writeJSON(w, status, "application/json", v)
}

// refusals are the answers to what is not captured, or not found.
var refusals = map[int]page{
	http.StatusBadRequest:            {Title: "That key cannot be read", Message: "The Idempotency-Key is one word of up to 255 visible characters."},
	http.StatusNotFound:              {Title: "There is no such request", Message: "It may have been carried out more than a day ago. Please check the link."},
	http.StatusMethodNotAllowed:      {Title: "This page can only be read", Message: "Please open it in a browser."},
	http.StatusRequestEntityTooLarge: {Title: "That is more than we can take at once", Message: "Please send less. Nothing was passed on."},
	http.StatusUnprocessableEntity:   {Title: "This key was used for another request", Message: "Please send it with a key of its own. Nothing was passed on."},
	http.StatusServiceUnavailable:    {Title: "We cannot take your request just now", Message: "Nothing was passed on. Please try again in a moment."},
}

// refuse answers with one of the refusals, and counts it under outcome.
func (r *Replay) refuse(w http.ResponseWriter, req *http.Request, status int, outcome string) {
	if outcome != "" {
		r.metrics.captured.WithLabelValues(outcome).Inc()
	}
	hide(w.Header())
	p := refusals[status]
	if wantsPage(req.Header) {
		r.writePage(w, status, p)
		return
	}
	writeJSON(w, status, "application/problem+json", struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Trace  string `json:"trace_id,omitempty"`
	}{p.Title, status, p.Message, traceID(req.Header.Get("Traceparent"))})
}

func writeJSON(w http.ResponseWriter, status int, kind string, v any) {
	body, _ := json.Marshal(v) // strings, numbers and times
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// wantsPage reports whether a viewer would rather have a page than JSON: a
// browser names text/html, and first.
func wantsPage(header http.Header) bool {
	accept := strings.ToLower(strings.Join(header["Accept"], ","))
	page := strings.Index(accept, "text/html")
	data := strings.Index(accept, "json")
	return page >= 0 && (data < 0 || page < data)
}
