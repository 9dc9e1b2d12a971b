package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// problem is a refusal, as a page or as an RFC 9457 answer.
type problem struct {
	Status int                `json:"status"`
	Title  string             `json:"title"`
	Detail string             `json:"detail,omitempty"`
	Hint   string             `json:"hint,omitempty"`
	Fields []order.FieldError `json:"fields,omitempty"`
}

// refusalPage shows a problem.
type refusalPage struct {
	frame
	Problem problem
}

// refuse answers with a problem. It asks no store, so that it works when they
// do not.
func (c *console) refuse(w http.ResponseWriter, r *http.Request, p problem) {
	if wantsJSON(r) {
		c.writeJSON(w, "application/problem+json", p.Status, p)
		return
	}
	f := frame{Title: p.Title, Letters: c.DeadLetters != nil, Version: c.Version, Storefront: c.Storefront, Now: c.Now().UTC()}
	c.pages.write(c, w, p.Status, "refusal", refusalPage{f, p})
}

// fail answers for a store that could not. What went wrong goes to the log; the
// page says what was tried.
func (c *console) fail(w http.ResponseWriter, r *http.Request, tried string, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	c.Logger.Error(tried+" failed", "path", r.URL.Path, "error", err)
	c.refuse(w, r, problem{
		Status: http.StatusServiceUnavailable,
		Title:  "That did not work just now",
		Detail: "The console could not " + tried + ".",
		Hint:   "try again in a moment; the log says more",
	})
}

func (c *console) notFound(w http.ResponseWriter, r *http.Request) {
	c.refuse(w, r, problem{
		Status: http.StatusNotFound,
		Title:  "There is no such page",
		Hint:   "start from the overview",
	})
}

func (c *console) json(w http.ResponseWriter, status int, v any) {
	c.writeJSON(w, "application/json", status, v)
}

func (c *console) writeJSON(w http.ResponseWriter, kind string, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		c.Logger.Error("write JSON failed", "error", err)
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Add("Vary", "Accept")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

// wantsJSON reports whether the client names JSON and does not like HTML better.
// A browser names HTML; curl names neither and gets the page.
func wantsJSON(r *http.Request) bool {
	var json, html float64
	for _, part := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, params, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/json", "application/problem+json":
			json = max(json, quality(params))
		case "text/html", "application/xhtml+xml":
			html = max(html, quality(params))
		}
	}
	return json > 0 && json >= html
}

// quality returns the q among the parameters of a media range, 1 where there is
// none.
func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}

// quote shortens text that a stranger chose, for a message.
func quote(text string) string {
	if len(text) > 80 {
		text = strings.ToValidUTF8(text[:80], "") + "…"
	}
	return "“" + text + "”"
}
