package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestServer_HeaderOf64KBIsTheLimit(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		cookie := func(size int) string { return request("GET /", "Cookie: a="+strings.Repeat("x", size-2)) }
		require.Equal(t, http.StatusOK, e.get(cookie(63<<10)).StatusCode)
		require.Len(t, origin.heard().header.Get("Cookie"), 63<<10)
		a := e.get(cookie(64 << 10))
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, a.StatusCode)
		require.True(t, a.Close)
		origin.quiet()
		require.Equal(t, http.StatusOK, e.get(request("GET /")).StatusCode, "the next request is fine")
	})
}

func TestServer_HeaderThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		e := startEdge(t, Options{Limits: Limits{HeaderTime: 30 * time.Millisecond}})
		v := e.dial("GET / HTTP/1.1\r\nHost: shop.exa")
		_, err := io.ReadAll(v.r)
		if !errors.Is(err, syscall.ECONNRESET) { // where time was up before all of it was read
			require.NoError(t, err, "the connection is closed")
		}
	})
}

func TestProxy_BodyThatStandsStillIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin(), Limits: Limits{BodyIdle: 30 * time.Millisecond}})
		v := e.dial(request("POST /", "Content-Length: 100") + "abc")
		a := v.answer("POST")
		require.Equal(t, http.StatusRequestTimeout, a.StatusCode)
		require.True(t, a.Close)
		require.Equal(t, "viewer-fault", e.log.next(t, "request")["outcome"])
		_, err := v.r.ReadByte()
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, http.StatusOK, e.get(request("GET /")).StatusCode, "the next request is fine")
	})
}

func TestProxy_BodyThatTricklesIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin(), Limits: Limits{BodyIdle: 50 * time.Millisecond, BodyRate: 1 << 20}})
		v := e.dial(request("POST /", "Content-Length: 1000000"))
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { // a byte every 5 ms never stands still for 50
			defer close(stopped)
			ticker := time.NewTicker(5 * time.Millisecond)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
					_, _ = v.Write([]byte("x"))
				case <-stop:
					return
				}
			}
		}()
		require.Equal(t, http.StatusRequestTimeout, v.answer("POST").StatusCode)
		close(stop)
		<-stopped
	})
}

// pipes is a listener inside a bubble, where an hour takes no time.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }
func (p pipes) Close() error   { close(p); return nil }

// inBubble connects a viewer to a proxy before a handler, with the default
// limits and a clock that runs ahead when nothing else happens.
func inBubble(t *testing.T, handler http.HandlerFunc, test func(v *caller)) {
	synctest.Test(t, func(t *testing.T) {
		p, err := New(Options{
			Table: always(toServerless), Legacy: Origin{URL: &url.URL{Scheme: "http", Host: "legacy.invalid"}},
			Serverless: Serverless{Handler: handler},
		})
		require.NoError(t, err)
		e, listener := &edge{Proxy: p, t: t}, make(pipes)
		serve, stop := e.server(onEngine(t), Options{})
		go func() { _ = serve(listener) }()
		near, far := net.Pipe()
		listener <- far
		test(&caller{near, t, bufio.NewReader(near)})
		require.NoError(t, near.Close())
		require.NoError(t, stop())
		synctest.Wait()
	})
}

func TestProxy_SlowUploadThatMakesProgressIsNotCutOff(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		inBubble(t, func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprint(w, n, err)
		}, func(v *caller) {
			v.say(request("POST /", "Content-Length: 360000"))
			for range 144 { // an hour
				time.Sleep(25 * time.Second)
				v.say(strings.Repeat("x", 2500))
			}
			require.Equal(t, "360000 <nil>", v.answer("POST").body)
			time.Sleep(time.Minute)
			v.say(request("POST /", "Content-Length: 3") + "abc")
			require.Equal(t, "3 <nil>", v.answer("POST").body, "the deadlines were the upload's only")
		})
	})
}

func TestProxy_ArmThatThinksIsNotTheViewersFault(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		inBubble(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "wait")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Hour) // longer than any limit on the viewer
			_, _ = fmt.Fprint(w, r.Context().Err())
		}, func(v *caller) {
			v.say(request("POST /", "Content-Length: 3") + "abc")
			require.Equal(t, "wait<nil>", v.answer("POST").body)
		})
	})
}

func TestServer_IdleConnectionIsClosed(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		inBubble(t, func(http.ResponseWriter, *http.Request) {}, func(v *caller) {
			v.say(request("GET /"))
			require.Equal(t, http.StatusOK, v.answer("GET").StatusCode)
			began := time.Now()
			_, err := v.r.ReadByte()
			require.ErrorIs(t, err, io.EOF)
			require.Equal(t, 75*time.Second, time.Since(began))
		})
	})
}

func TestProxy_ViewerThatDoesNotReadIsDropped(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		endless := make(chan struct{})
		origin := startOrigin(t, func(v *caller, _ heard) bool {
			defer close(endless)
			_, err := io.WriteString(v, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
			for piece := strings.Repeat("x", 1<<20); err == nil; {
				_, err = io.WriteString(v, piece)
			}
			return false
		})
		e := startEdge(t, Options{Legacy: origin.origin(), Limits: Limits{WriteStall: 50 * time.Millisecond}})
		e.dial(request("GET /film"))
		select {
		case <-endless: // the origin is let go
		case <-time.After(patience):
			require.FailNow(t, "the origin is still held")
		}
		require.Equal(t, "cut-short", e.log.next(t, "request")["outcome"])
	})
}

func TestProxy_ViewerThatHangsUpIsNotAnswered(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		for name, o := range map[string]Options{"legacy": {}, "serverless": {Table: always(toServerless)}} {
			t.Run(name, func(t *testing.T) {
				let := make(chan struct{})
				origin := startOrigin(t, func(v *caller, _ heard) bool {
					_, err := v.r.ReadByte() // ends when the edge gives the request up
					close(let)
					return err == nil
				})
				o.Legacy, o.Serverless = origin.origin(), Serverless{Origin: origin.origin()}
				e := startEdge(t, o)
				v := e.dial(request("GET /slow"))
				origin.heard()
				require.NoError(t, v.Close())
				<-let
				entry := e.log.next(t, "request")
				require.EqualValues(t, statusGone, entry["status"])
				require.Equal(t, "viewer-gone", entry["outcome"])
				require.NotContains(t, entry, "fallback")
				origin.quiet()
			})
		}
	})
}

func TestProxy_ViewerThatHangsUpInItsUploadLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("POST /", "Content-Length: 100") + "abc")
		require.NoError(t, v.Close())
		require.GreaterOrEqual(t, e.log.next(t, "request")["status"], int64(400))
		origin.quiet()
	})
}

func TestProxy_BadChunksAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		for _, body := range []string{"zz\r\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n"} {
			v := e.dial(request("POST /", "Transfer-Encoding: chunked") + body)
			a := v.answer("POST")
			require.Equal(t, http.StatusBadRequest, a.StatusCode, body)
			require.True(t, a.Close, body)
		}
		origin.quiet()
	})
}

func TestProxy_BodyBeyondWhatTheArmTakesIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		reading := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				w.WriteHeader(http.StatusNoContent)
			}
		})
		origin := startOrigin(t, say(plainAnswer))
		for name, arm := range map[string]Serverless{"handler": {Handler: reading}, "origin": {Origin: origin.origin()}} {
			e := startEdge(t, Options{
				Table: always(toServerless), Legacy: origin.origin(), Serverless: arm, Limits: Limits{ServerlessBodyBytes: 4},
			})
			a := e.get(request("POST /", "Content-Length: 5") + "12345")
			require.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode, name)
			a = e.get(request("POST /", "Transfer-Encoding: chunked") + "5\r\n12345\r\n0\r\n\r\n")
			require.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode, name)
			require.Less(t, e.get(request("POST /", "Content-Length: 4")+"1234").StatusCode, 300, name)
			require.Zero(t, e.Breakers()[0].Failures)
		}
	})
}
