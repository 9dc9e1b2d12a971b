package edgetest

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// serveBlindly is an engine that looks at nothing: it passes bytes on as they
// come, with the edge's own fields put in behind the first line.
func serveBlindly(_ *proxy.Proxy, on net.Listener, o serving) func() {
	var open sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	keep := func(c net.Conn) { mu.Lock(); conns = append(conns, c); mu.Unlock() }
	open.Go(func() {
		for {
			viewer, err := on.Accept()
			if err != nil {
				return
			}
			origin, err := net.Dial("tcp", o.legacy)
			if err != nil {
				_ = viewer.Close()
				continue
			}
			keep(viewer)
			keep(origin)
			open.Go(func() { _, _ = io.Copy(viewer, origin); _ = viewer.Close() })
			open.Go(func() {
				first := make([]byte, 64<<10)
				n, _ := viewer.Read(first)
				_, _ = origin.Write(bytes.Replace(first[:n], []byte("\r\n"), []byte("\r\nX-Banyan-Epoch: 7\r\nX-Forwarded-For: 127.0.0.1\r\n"), 1))
				_, _ = io.Copy(origin, viewer)
				_ = origin.Close()
			})
		}
	})
	return func() {
		_ = on.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		open.Wait()
	}
}

// TestAttacks_CanFail runs attacks of every kind against an engine that falls
// for them.
func TestAttacks_CanFail(t *testing.T) {
	blind := engine{"blind", serveBlindly}
	falls := map[string]bool{}
	for _, name := range []string{
		"CL.TE", "length twice, alike", "length 5, 5", "encoding in capitals", "chunk size 0x5", "chunk TERM.EXT: a bare LF in an extension", "field folded by a space",
		"line ends all bare LF", "host twice", "target absolute, of another host", "claim X-Forwarded-Host", "claim X.Banyan.Arm", "trailer Content-Length", "trailer without a colon",
		"answer after garbage", "answer's length and encoding", "queue behind HEAD", "tunnel to h2c", "connection names X-Forwarded-For",
	} {
		falls[name] = true
	}
	found := 0
	for _, a := range attacks() {
		if falls[a.name] {
			found++
			t.Run(a.name, func(t *testing.T) { require.Error(t, a.run(t, blind)) })
		}
	}
	require.Len(t, falls, found)
}

// TestEdge_AnswerThatNobodyAskedForIsNobodys has an origin say more on a
// connection that rests, as aiohttp's issue 13656 describes it.
func TestEdge_AnswerThatNobodyAskedForIsNobodys(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for range 20 {
			require.Equal(t, "GET /first", v.ask(t, request("GET /first")).body)
			all := origin.all()
			all[len(all)-1].say(evilAnswer)
			require.Equal(t, "GET /after", v.ask(t, request("GET /after")).body)
		}
	})
}
