package replay

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// refreshAfter is how often a browser without script asks how a request
// stands, in seconds.
const refreshAfter = 5

// page is what a shopper is shown.
type page struct {
	Title, Message string
	Standing       *standing // nil: there is nothing to follow
	Refresh        int
	Nonce          string
}

func (r *Replay) writePage(w http.ResponseWriter, status int, p page) {
	p.Refresh, p.Nonce = refreshAfter, rand.Text()
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		r.log.Error("page cannot be made", "error", err)
		http.Error(w, p.Title+"\n\n"+p.Message, status)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+p.Nonce+"'; script-src 'nonce-"+p.Nonce+"'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
