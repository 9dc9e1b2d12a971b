package certs

import (
	"net"
	"net/http"
	"strconv"
	"strings"
)

// redirect sends a request to https.
type redirect struct {
	port   int
	covers func(host string) bool
}

// ServeHTTP answers 301 to what only reads, and 308, which keeps method and
// body, to the rest. The answer is not to be kept by browsers of a host that was
// never asked over https, so it says nothing of HSTS.
func (d redirect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := hostOnly(r.Host)
	if !strings.HasPrefix(r.RequestURI, "/") || host == "" || !d.covers(host) {
		w.Header().Set("Connection", "close")
		http.Error(w, "This address is not served here.", http.StatusMisdirectedRequest)
		return
	}
	authority := host
	if strings.Contains(host, ":") {
		authority = "[" + host + "]"
	}
	if d.port != 0 && d.port != 443 {
		authority = net.JoinHostPort(host, strconv.Itoa(d.port))
	}
	status := http.StatusPermanentRedirect
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		status = http.StatusMovedPermanently
	}
	// The target goes on as it came: http.Redirect would clean it.
	w.Header().Set("Location", "https://"+authority+r.RequestURI)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// hostOnly returns a Host's name in small letters, without port, brackets and
// the dot at its end.
func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
