package edgetest

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// Floods, as large as a test machine bears.
const (
	slowViewers  = 200
	floodViewers = 2000
	// viewerBytes is what a viewer that has sent half a head may cost an edge,
	// with the sockets of both sides in this process.
	viewerBytes = 64 << 10
)

func TestEdge_ViewerThatIsSlowWithItsHeadHoldsNoOriginConnection(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		var slow []*viewer
		for i := range slowViewers {
			v := edge.dial(t)
			head := request("GET /slow", fmt.Sprintf("X-Viewer: %d", i))
			v.say(head[:len(head)-2-i%20])
			slow = append(slow, v)
		}
		quick := edge.dial(t)
		for range 20 {
			require.Equal(t, "GET /quick", quick.ask(t, request("GET /quick")).body, "others are served meanwhile")
		}
		require.Len(t, origin.all(), 1, "one for the quick viewer, none for the slow ones")
		for i, v := range slow {
			head := request("GET /slow", fmt.Sprintf("X-Viewer: %d", i))
			require.Equal(t, "GET /slow", v.ask(t, head[len(head)-2-i%20:]).body, "late, and answered all the same")
		}
	})
}

func TestEdge_ViewerThatIsSlowWithItsHeadIsGivenUp(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		edge := e.startEdge(t, proxy.Options{Limits: proxy.Limits{HeaderTime: 100 * time.Millisecond}})
		for _, begun := range []string{"G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: shop.example\r\nX: "} {
			v := edge.dial(t)
			v.say(begun)
			all, err := io.ReadAll(v.r)
			require.True(t, err == nil || isReset(err), "the connection is closed: %v", err)
			require.NotContains(t, string(all), "200 OK")
		}
	})
}

func TestEdge_ViewerThatIsSlowWithItsBodyHoldsItsOwnConnectionOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		var slow []*viewer
		for range slowViewers / 4 {
			v := edge.dial(t)
			v.say(request("POST /slow", "Content-Length: 10") + "01234")
			slow = append(slow, v)
		}
		quick := edge.dial(t)
		for range 20 {
			require.Equal(t, "GET /quick", quick.ask(t, request("GET /quick")).body, "others are served meanwhile")
		}
		require.LessOrEqual(t, len(origin.all()), len(slow)+1)
		for _, v := range slow {
			require.Equal(t, "POST /slow", v.ask(t, "56789").body)
		}
	})
}

func TestEdge_BodyThatStandsStillIsGivenUpAndItsOriginLetGo(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		ended := make(chan struct{}, slowViewers)
		origin := startListener(t, func(c io.ReadWriteCloser) {
			_, _ = io.Copy(io.Discard, c)
			ended <- struct{}{}
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin(), Limits: proxy.Limits{BodyIdle: 100 * time.Millisecond}})
		for _, body := range []string{request("POST /", "Content-Length: 100") + "abc", request("POST /", "Transfer-Encoding: chunked") + "3\r\nabc\r\n"} {
			v := edge.dial(t)
			v.say(body)
			a, err := v.answer("POST")
			require.NoError(t, err)
			require.Equal(t, 408, a.StatusCode)
			require.NoError(t, v.ended())
		}
		for range origin.count() {
			receive(t, ended)
		}
	})
}

func TestEdge_FloodOfConnectionsTakesLittleMemory(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		require.Equal(t, "GET /", edge.dial(t).ask(t, request("GET /")).body)
		before := inUse()
		half := strings.TrimSuffix(request("GET /slow", "X: "+strings.Repeat("y", 4000)), "\r\n")
		for range floodViewers {
			conn, err := net.Dial("tcp", edge.address)
			require.NoError(t, err)
			t.Cleanup(func() { _ = conn.Close() })
			_, err = io.WriteString(conn, half)
			require.NoError(t, err)
		}
		require.Equal(t, "GET /", edge.dial(t).ask(t, request("GET /")).body, "others are served meanwhile")
		require.Less(t, int64(inUse())-int64(before), int64(floodViewers*viewerBytes))
		require.LessOrEqual(t, len(origin.all()), 2)
	})
}

// inUse is what heap and stacks hold.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
