package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// streaming is an origin of everything that stays open: tunnels, event streams
// that send one event for each thing that comes from events, and uploads.
func streaming(events <-chan struct{}) func(*caller, heard) bool {
	return func(v *caller, h heard) bool {
		switch h.line {
		case "GET /ws HTTP/1.1":
			return echoUpgrade(v, h)
		case "GET /events HTTP/1.1":
			_, err := io.WriteString(v, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
			for range events {
				if _, err = io.WriteString(v, "9\r\ndata: 1\n\n\r\n"); err != nil {
					return false
				}
			}
			return err == nil
		}
		_, err := io.WriteString(v, plainAnswer)
		return err == nil
	}
}

// openTunnel opens an upgrade.
func (e *edge) openTunnel() *caller {
	v := e.dial(request("GET /ws", "Connection: Upgrade", "Upgrade: websocket"))
	require.Equal(e.t, "HTTP/1.1 101 Switching Protocols", v.line())
	v.skipHeader()
	return v
}

// openEvents opens an event stream.
func (e *edge) openEvents() *caller {
	v := e.dial(request("GET /events"))
	require.Equal(e.t, "HTTP/1.1 200 OK", v.line())
	v.skipHeader()
	return v
}

func (v *caller) skipHeader() {
	for v.line() != "" {
	}
}

func TestProxy_ThousandFlipsDropNoOpenConnection(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		events := make(chan struct{})
		defer close(events)
		origin := startOrigin(t, streaming(events))
		var table atomic.Pointer[decided]
		table.Store(&decided{Epoch: 0})
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
		taken := make(chan struct{}, 100) // by each request, its table
		e := startEdge(t, Options{
			Legacy: origin.origin(), Serverless: Serverless{Handler: handler}, RevealArm: true,
			Table: func() Table { defer func() { taken <- struct{}{} }(); return *table.Load() },
		})
		tunnel, stream := e.openTunnel(), e.openEvents()
		upload := e.dial(request("POST /upload", "Content-Length: 10000"))
		for range 3 {
			<-taken
		}
		plain := e.dial("")
		for flip := range uint64(1000) {
			next := decided{Epoch: flip + 1, Arm: route.Arm((flip + 1) % 2)}
			table.Store(&next)
			upload.say("0123456789")
			if flip%20 != 0 {
				continue
			}
			tunnel.say(fmt.Sprintln(flip))
			require.Equal(t, fmt.Sprint(flip), tunnel.line())
			events <- struct{}{}
			require.Equal(t, []string{"9", "data: 1", "", ""}, []string{stream.line(), stream.line(), stream.line(), stream.line()})
			plain.say(request("GET /"))
			a := plain.answer("GET")
			require.Equal(t, next.Arm.String(), a.Header.Get("X-Banyan-Arm"), "the flip is live at once")
		}
		a := upload.answer("POST")
		require.Equal(t, "ok", a.body)
		require.Equal(t, "legacy", a.Header.Get("X-Banyan-Arm"), "the upload keeps the table it began with")
	})
}

func TestDrain_FinishesWhatEndsAndEndsWhatDoesNot(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		events := make(chan struct{})
		defer close(events)
		slow, let := make(chan struct{}), make(chan struct{})
		origin := startOrigin(t, func(v *caller, h heard) bool {
			if h.line == "GET /slow HTTP/1.1" {
				close(slow)
				<-let
			}
			return streaming(events)(v, h)
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		tunnel, stream := e.openTunnel(), e.openEvents()
		request := e.dial(request("GET /slow"))
		<-slow
		drained := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		go func() { drained <- e.drain(ctx) }()
		tunnel.say("still here\n")
		require.Equal(t, "still here", tunnel.line())
		close(let)
		require.Equal(t, "ok", request.answer("GET").body)
		require.Equal(t, "0", stream.line(), "the event stream ends as it should")
		_, err := tunnel.r.ReadByte()
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, <-drained)
	})
}

func TestDrain_CutsOffWhatIsTooLate(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		held := make(chan struct{})
		origin := startOrigin(t, func(v *caller, _ heard) bool {
			close(held)
			_, _ = v.r.ReadByte()
			return false
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("GET /"))
		<-held
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, e.drain(ctx), context.DeadlineExceeded)
		_, err := v.r.ReadByte()
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestDrain_UpgradeThatComesTooLateIsClosed(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, echoUpgrade)
		e := startEdge(t, Options{Legacy: origin.origin()})
		e.open.end()
		v := e.dial(request("GET /ws", "Connection: Upgrade", "Upgrade: websocket"))
		_, _ = io.Copy(io.Discard, v.r)
	})
}
