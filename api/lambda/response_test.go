package lambda_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// notes is what a handler has to say about its ResponseWriter.
type notes struct {
	lines []string
	done  chan []string // the notes of one request, when its handler has returned
}

func (n *notes) add(v ...any) { n.lines = append(n.lines, fmt.Sprint(v...)) }

// handler runs a habit, one request at a time.
func (n *notes) handler(habit noting) http.Handler {
	n.done = make(chan []string, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			lines := n.lines
			n.lines = nil
			n.done <- lines
		}()
		habit(w, r, n)
	})
}

type noting func(w http.ResponseWriter, r *http.Request, n *notes)

var big = bytes.Repeat([]byte("0123456789abcdef"), 4096)

// habits are what handlers do to their ResponseWriter.
var habits = map[string]noting{
	"nothing":        func(w http.ResponseWriter, r *http.Request, n *notes) {},
	"a header only":  func(w http.ResponseWriter, r *http.Request, n *notes) { w.Header().Set("X-A", "1") },
	"status only":    func(w http.ResponseWriter, r *http.Request, n *notes) { w.WriteHeader(http.StatusTeapot) },
	"unknown status": func(w http.ResponseWriter, r *http.Request, n *notes) { w.WriteHeader(599) },
	"write nothing":  func(w http.ResponseWriter, r *http.Request, n *notes) { n.add(w.Write(nil)) },
	"html is sniffed": func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add(io.WriteString(w, "<!doctype html><p>hi"))
	},
	"json is sniffed": func(w http.ResponseWriter, r *http.Request, n *notes) { n.add(io.WriteString(w, `{"a":1}`)) },
	"png is sniffed": func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add(w.Write([]byte("\x89PNG\r\n\x1a\n\xff")))
	},
	"big":               func(w http.ResponseWriter, r *http.Request, n *notes) { n.add(w.Write(big)) },
	"big from a reader": func(w http.ResponseWriter, r *http.Request, n *notes) { n.add(io.Copy(w, bytes.NewReader(big))) },
	"no type on purpose": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header()["Content-Type"] = nil
		n.add(io.WriteString(w, "x"))
	},
	"http.Error": func(w http.ResponseWriter, r *http.Request, n *notes) { http.Error(w, "no", http.StatusForbidden) },
	"not found":  func(w http.ResponseWriter, r *http.Request, n *notes) { http.NotFound(w, r) },
	"redirect": func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.Redirect(w, r, "../x?y=1", http.StatusFound)
	},
	"redirect away": func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.Redirect(w, r, "https://pay.example/x", http.StatusSeeOther)
	},
	"second status": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusInternalServerError)
		n.add(io.WriteString(w, "made"))
	},
	"status after body": func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add(io.WriteString(w, "ok"))
		w.WriteHeader(http.StatusInternalServerError)
	},
	"header too late": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("X-Early", "1")
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Early", "2")
		w.Header().Set("X-Late", "1")
		n.add(io.WriteString(w, "x"))
	},
	"repeated headers": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Add("Link", "</a.css>; rel=preload")
		w.Header().Add("Link", "</b.js>; rel=preload")
		w.Header().Add("Vary", "Accept, Cookie")
	},
	"cookies": func(w http.ResponseWriter, r *http.Request, n *notes) {
		for i := range 12 {
			http.SetCookie(w, &http.Cookie{Name: "c" + strconv.Itoa(i), Value: "v", Path: "/", Expires: time.Unix(2e9, 0)})
		}
	},
	"odd spellings": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header()["etag"] = []string{`"1"`}
		w.Header()["x-cart"] = []string{"a"}
	},
	"bad headers": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header()["bad name"] = []string{"x"}
		w.Header()["X-É"] = []string{"x"}
		w.Header()["X-Empty"] = []string{}
		w.Header().Set("X-Break", " a\r\nSet-Cookie: stolen=1\n ")
	},
	"no content": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Length", "3")
		w.WriteHeader(http.StatusNoContent)
		n.add(io.WriteString(w, "abc"))
	},
	"not modified": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Etag", `"1"`)
		w.WriteHeader(http.StatusNotModified)
		n.add(io.WriteString(w, "abc"))
	},
	"declared length": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Length", "5")
		n.add(io.WriteString(w, "abcde"))
		n.add(io.WriteString(w, "fg"))
	},
	"wrong length": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Length", "x")
		n.add(io.WriteString(w, "abc"))
	},
	"negative length": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Length", "-5")
		n.add(io.WriteString(w, "abc"))
	},
	"flush": func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add(io.WriteString(w, "<p>"))
		w.(http.Flusher).Flush()
		w.Header().Set("X-Late", "1")
		n.add(io.WriteString(w, "<!doctype html>"))
	},
	"flush before body": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.(http.Flusher).Flush()
		n.add(io.WriteString(w, "<!doctype html>"))
	},
	"controller": func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add(io.Copy(io.Discard, r.Body))
		c := http.NewResponseController(w)
		soon := time.Now().Add(time.Minute)
		n.add(c.SetReadDeadline(soon), c.SetWriteDeadline(soon), c.EnableFullDuplex(), c.Flush())
		n.add(io.WriteString(w, "x"))
	},
	"early hints": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusAccepted)
		n.add(io.WriteString(w, "x"))
	},
	"gzip": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		n.add(z.Write(big))
		n.add(z.Close())
	},
	"identity encoding": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Encoding", "identity")
		n.add(io.WriteString(w, "plain"))
	},
	"range": func(w http.ResponseWriter, r *http.Request, n *notes) {
		r.Header.Set("Range", "bytes=2-5")
		http.ServeContent(w, r, "a.txt", time.Unix(1e9, 0), bytes.NewReader(big))
	},
	"file": func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.ServeContent(w, r, "style.css", time.Unix(1e9, 0), bytes.NewReader(big))
	},
	"body too large": func(w http.ResponseWriter, r *http.Request, n *notes) {
		_, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 3))
		var tooLarge *http.MaxBytesError
		n.add(errors.As(err, &tooLarge))
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	},
	"body after close": func(w http.ResponseWriter, r *http.Request, n *notes) {
		_ = r.Body.Close()
		_, err := io.Copy(io.Discard, r.Body)
		n.add(err)
		_, err = r.Body.Read(make([]byte, 1))
		n.add(err)
	},
	"time-out handler": func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-A", "1")
			w.WriteHeader(http.StatusAccepted)
			n.add(io.WriteString(w, "in time"))
		}), time.Minute, "late").ServeHTTP(w, r)
	},
	"connection headers": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Connection", "close")
		w.Header().Set("Keep-Alive", "timeout=5")
		n.add(io.WriteString(w, "x"))
	},
	"unicode": func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Content-Type", "text/plain")
		n.add(io.WriteString(w, "\u2028 é \x00 \t \"\\/ 😀 <&> \x7f"))
	},
}

func TestAdapter_ShopperGetsWhatNetHTTPSends(t *testing.T) {
	for name, habit := range habits {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			t.Run(name+"/"+method, func(t *testing.T) {
				said := &notes{}
				a := serveArms(t, said.handler(habit))
				compareAnswers(t, a, said, method+" /a/b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
			})
		}
	}
}

// compareAnswers sends one request every way and compares what the shopper got
// and what the handler was told.
func compareAnswers(t require.TestingT, a arms, said *notes, raw string) {
	direct := exchange(t, a.direct, raw)
	told := <-said.done
	if direct.status == 0 {
		return // a Content-Length that no client can read: net/http sends one to HEAD
	}
	for name, s := range a.wraps {
		got := exchange(t, s, raw)
		require.Equal(t, told, <-said.done, "%s: what the handler was told", name)
		require.Equal(t, direct.status, got.status, "%s: %s", name, got.body)
		require.Equal(t, direct.body, got.body, name)
		require.Equal(t, shown(direct), shown(got), name)
		if length := got.header.Get("Content-Length"); length != "" && !strings.HasPrefix(raw, "HEAD") {
			require.Equal(t, strconv.Itoa(len(got.body)), length, name)
		}
	}
}

// shown is a response's header as the shopper understands it: repeated lines and
// one line with commas mean the same, and how a body ends is for the connection.
func shown(a answer) map[string][]string {
	out := map[string][]string{}
	for name, values := range a.header {
		switch name {
		case "Set-Cookie":
			out[name] = slices.Sorted(slices.Values(values))
		case "Date", "Connection", "Keep-Alive", "Content-Length":
		default:
			out[name] = []string{strings.ReplaceAll(strings.Join(values, ","), ", ", ",")}
		}
	}
	return out
}

func TestAdapter_ShopperGetsWhatNetHTTPSends_ForAnyBody(t *testing.T) {
	var write func(w http.ResponseWriter)
	said := &notes{}
	a := serveArms(t, said.handler(func(w http.ResponseWriter, r *http.Request, n *notes) { write(w) }))
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 40), rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) })), 0, 4).Draw(t, "parts")
		flush := rapid.IntRange(0, 4).Draw(t, "flush after")
		header := rapid.MapOfN(rapid.StringMatching(`X-[A-Z]{1,5}`), rapid.SliceOfN(rapid.StringMatching(`[ -~\n]{0,10}`), 0, 2), 0, 4).Draw(t, "header")
		status := rapid.SampledFrom([]int{0, 200, 201, 202, 204, 301, 303, 304, 400, 404, 409, 422, 500, 503}).Draw(t, "status")
		write = func(w http.ResponseWriter) {
			for name, values := range header {
				w.Header()[http.CanonicalHeaderKey(name)] = values
			}
			if status != 0 {
				w.WriteHeader(status)
			}
			for i, part := range parts {
				if i == flush {
					w.(http.Flusher).Flush()
				}
				said.add(w.Write(part))
			}
		}
		method := rapid.SampledFrom([]string{"GET", "POST", "HEAD"}).Draw(t, "method")
		compareAnswers(t, a, said, method+" / HTTP/1.1\r\nHost: h\r\n\r\n")
	})
}

func TestAdapter_HeadHasTheLengthOfTheBodyItStandsFor(t *testing.T) {
	a := serveArms(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello") }))
	for name, s := range a.wraps {
		got := exchange(t, s, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
		require.Equal(t, "5", got.header.Get("Content-Length"), name)
		require.Empty(t, got.body, name)
	}
}

func TestAdapter_ConcurrentRequestsKeepApart(t *testing.T) {
	a := serveArms(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for _, s := range a.wraps {
				body := strings.Repeat(strconv.Itoa(i), 1000+i)
				w := httptest.NewRecorder()
				s.Config.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
				if w.Body.String() != body {
					t.Errorf("request %d got another's answer", i)
				}
			}
		})
	}
	wg.Wait()
}
