package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProfiled_AnswersAtTheConsolesAddressOnly(t *testing.T) {
	console := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h := profiled(console, "127.0.0.1:8081")
	for _, c := range []struct {
		host, path string
		status     int
	}{
		{"127.0.0.1:8081", "/debug/pprof/goroutine?debug=1", http.StatusOK},
		{"evil.example.com", "/debug/pprof/goroutine?debug=1", http.StatusForbidden},
		{"127.0.0.1:8081", "/ledger", http.StatusTeapot},
	} {
		req := httptest.NewRequest(http.MethodGet, c.path, nil)
		req.Host = c.host
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		require.Equal(t, c.status, rec.Code, "%s %s", c.host, c.path)
	}
}
