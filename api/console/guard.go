package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// maxFormBytes bounds a posted form; the longest honest one is under 1 KB.
const maxFormBytes = 64 << 10

// contentPolicy lets a page use what the console itself serves and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard stands before every page. The Host is looked at first: an attacker's
// name that resolves to this machine makes the attacker's page "same origin",
// so the cross-origin check alone would let it through.
func (c *console) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(c.crossOrigin))
	next = origin.Handler(next)

	allowed := make(map[string]bool, len(c.AllowedHosts))
	for _, name := range c.AllowedHosts {
		allowed[hostName(name)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", contentPolicy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cache-Control", "no-store") // pages hold personal data; assets say otherwise
		if !localHost(r.Host) && !allowed[hostName(r.Host)] {
			c.misdirected(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
		next.ServeHTTP(w, r)
	})
}

// localHost reports whether host, with or without a port, is an IP address or
// localhost: what no attacker can make his own page's name.
func localHost(host string) bool {
	name := hostName(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

// hostName returns host in lower case, without port, brackets or final dot.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func (c *console) misdirected(w http.ResponseWriter, r *http.Request) {
	c.Logger.Warn("console host refused", "host", r.Host)
	c.refuse(w, r, problem{
		Status: http.StatusMisdirectedRequest,
		Title:  "The console does not answer to this name",
		Detail: "This request was sent to " + quote(r.Host) + ".",
		Hint:   "open the console by its IP address or as localhost, or add the name to the console's allowed hosts",
	})
}

func (c *console) crossOrigin(w http.ResponseWriter, r *http.Request) {
	c.Logger.Warn("cross-origin form refused", "from", r.Header.Get("Origin"), "path", r.URL.Path)
	c.refuse(w, r, problem{
		Status: http.StatusForbidden,
		Title:  "This form came from another site",
		Detail: "Nothing was changed.",
		Hint:   "open the page in the console itself and send the form from there",
	})
}
