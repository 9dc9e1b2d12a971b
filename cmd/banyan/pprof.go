package main

import (
	"net/http"
	"net/http/pprof"
)

// profiled puts Go's profiles under /debug/pprof/ in front of the console, for
// "go tool pprof http://127.0.0.1:8081/debug/pprof/profile". They are given to
// who asks for the console by its address alone: a page of another site that
// has a name resolve to it gets nothing.
func profiled(console http.Handler, address string) http.Handler {
	profiles := http.NewServeMux()
	profiles.HandleFunc("GET /debug/pprof/", pprof.Index)
	profiles.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	all := http.NewServeMux()
	all.Handle("/", console)
	all.HandleFunc("/debug/pprof/", func(w http.ResponseWriter, r *http.Request) {
		if r.Host != address {
			http.Error(w, "ask for profiles at "+address, http.StatusForbidden)
			return
		}
		profiles.ServeHTTP(w, r)
	})
	return all
}
