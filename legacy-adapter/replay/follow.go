package replay

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// FollowPath is where the pages are by which a shopper follows a request.
const FollowPath = "/.banyan/requests/"

// answerSuffix follows the id where legacy's own answer is.
const answerSuffix = "/answer"

// Follow serves GET /.banyan/requests/{id}, a page that shows how a request
// stands and forwards to legacy's answer once that is there, and …/answer, the
// answer itself.
func (r *Replay) Follow(w http.ResponseWriter, req *http.Request) {
	path, _, _ := strings.Cut(req.RequestURI, "?")
	id, rest, _ := strings.Cut(strings.TrimPrefix(path, FollowPath), "/")
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		r.refuse(w, req, http.StatusMethodNotAllowed, "")
		return
	}
	if !order.ValidID(id) || rest != "" && "/"+rest != answerSuffix {
		r.refuse(w, req, http.StatusNotFound, "")
		return
	}
	record, err := r.store.Find(req.Context(), id)
	switch {
	case errors.Is(err, order.ErrNotFound):
		r.refuse(w, req, http.StatusNotFound, "")
	case err != nil:
		r.log.Error("captured request cannot be read", "order_id", id, "error", err)
		r.refuse(w, req, http.StatusServiceUnavailable, "")
	case rest != "":
		r.giveAnswer(w, req, record)
	default:
		r.showStanding(w, req, standingOf(record))
	}
}

func (r *Replay) showStanding(w http.ResponseWriter, req *http.Request, v standing) {
	if v.forwards() && wantsPage(req.Header) {
		hide(w.Header())
		w.Header().Set("Location", v.AnswerURL)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	r.show(w, req, http.StatusOK, v)
}

// giveAnswer gives legacy's answer at another address and to another request
// than it was meant for: addresses that are relative are completed, and no
// method is repeated. The cookies are for the session that asked; a link to
// somebody else's answer is not to log its reader in as them.
func (r *Replay) giveAnswer(w http.ResponseWriter, req *http.Request, record Record) {
	if record.Answer == nil || record.Answer.Cut {
		hide(w.Header())
		w.Header().Set("Location", FollowPath+record.ID)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	a := *record.Answer
	a.Header = a.Header.Clone()
	if location := a.Header.Get("Location"); location != "" {
		a.Header.Set("Location", complete(location, record.Target))
	}
	if a.Status == http.StatusTemporaryRedirect || a.Status == http.StatusPermanentRedirect || a.Status == http.StatusMovedPermanently || a.Status == http.StatusFound {
		a.Status = http.StatusSeeOther
	}
	asks := Request{Header: req.Header, Client: req.RemoteAddr}
	if orderingKey(&asks, r.options.SessionCookies()) != record.Session {
		a.Header.Del("Set-Cookie")
	}
	for _, name := range []string{"Etag", "Last-Modified", "Expires", "Age"} {
		a.Header.Del(name)
	}
	hide(a.Header)
	a.writeTo(w)
}

// complete resolves an address against the target of the request that it
// answered. What cannot be resolved is left alone.
func complete(location, target string) string {
	base, err := url.ParseRequestURI(target)
	if err != nil {
		return location
	}
	to, err := base.Parse(location)
	if err != nil {
		return location
	}
	return to.String()
}

// hide keeps what only this shopper is to see out of caches and referrers.
func hide(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Robots-Tag", "noindex")
}
