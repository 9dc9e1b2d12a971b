package edgetest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
)

// What is open while the table is flipped.
const (
	flips       = 10_000
	openTunnels = 400
	openEvents  = 300
	openUploads = 300
	// rounds is how often each of them makes a step; between two there are
	// flips.
	rounds = 20
)

// steady is something that stays open, and makes a step when told to.
type steady interface {
	step(round int) error
	end() error
}

func TestEdge_TenThousandFlipsDropAndStallNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		events := &broadcast{done: make(chan struct{})}
		origin := startListener(t, events.serve)
		t.Cleanup(events.stop)
		var table atomic.Pointer[decided]
		table.Store(&decided{})
		edge := e.startEdge(t, proxy.Options{
			Legacy: origin.origin(), Serverless: proxy.Serverless{Handler: answering()}, RevealArm: true,
			Table: func() proxy.Table { return *table.Load() },
		})
		all := openAll(t, edge, events)
		plain, next := edge.dial(t), decided{}
		for round := range rounds {
			for range flips / rounds {
				next = decided{Epoch: next.Epoch + 1, Arm: route.Arm((next.Epoch + 1) % 2), Reason: route.RouteMatched}
				now := next
				table.Store(&now)
			}
			a := plain.ask(t, request("GET /"))
			require.Equal(t, next.Arm.String(), a.Header.Get("X-Banyan-Arm"), "the flip is live at once")
			events.say(round)
			var steps errgroup.Group
			for part := range 8 {
				steps.Go(func() error {
					for i := part; i < len(all); i += 8 {
						if err := all[i].step(round); err != nil {
							return fmt.Errorf("%T %d, round %d: %w", all[i], i, round, err)
						}
					}
					return nil
				})
			}
			require.NoError(t, steps.Wait())
		}
		require.EqualValues(t, flips, next.Epoch)
		events.stop()
		for _, s := range all {
			require.NoError(t, s.end())
		}
	})
}

// openAll opens everything, some at a time.
func openAll(t *testing.T, edge *edge, events *broadcast) []steady {
	all := make([]steady, openTunnels+openEvents+openUploads)
	var opening errgroup.Group
	opening.SetLimit(16)
	for i := range all {
		opening.Go(func() (err error) {
			conn, err := net.Dial("tcp", edge.address)
			if err != nil {
				return err
			}
			t.Cleanup(func() { _ = conn.Close() })
			_ = conn.SetDeadline(time.Now().Add(3 * patience))
			c := client{conn, bufio.NewReaderSize(conn, 512)}
			switch {
			case i < openTunnels:
				all[i], err = openTunnel(c)
			case i < openTunnels+openEvents:
				all[i], err = openEventStream(c)
			default:
				all[i], err = openUpload(c)
			}
			return err
		})
	}
	require.NoError(t, opening.Wait())
	events.wait(openTunnels + openEvents + openUploads)
	return all
}

// client is a connection to an edge.
type client struct {
	net.Conn
	r *bufio.Reader
}

// open sends a request and reads the head of its answer.
func (c client) open(request, status string) (*http.Response, error) {
	if _, err := io.WriteString(c, request); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err == nil && !strings.HasPrefix(res.Status, status) {
		err = fmt.Errorf("answered %s", res.Status)
	}
	return res, err
}

// tunnelClient is a WebSocket, as far as an edge can see: an upgrade, and bytes
// that come back.
type tunnelClient struct{ client }

func openTunnel(c client) (steady, error) {
	_, err := c.open(request("GET /ws", "Connection: Upgrade", "Upgrade: websocket"), "101")
	return tunnelClient{c}, err
}

func (c tunnelClient) step(round int) error {
	text := fmt.Sprintf("round %d\n", round)
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	got, err := c.r.ReadString('\n')
	if err == nil && got != text {
		err = fmt.Errorf("got %q", got)
	}
	return err
}

func (c tunnelClient) end() error { return c.Close() }

// eventClient reads server-sent events.
type eventClient struct {
	client
	events *bufio.Reader
}

func openEventStream(c client) (steady, error) {
	res, err := c.open(request("GET /events"), "200")
	if err != nil {
		return nil, err
	}
	return eventClient{c, bufio.NewReaderSize(res.Body, 128)}, nil
}

func (c eventClient) step(round int) error {
	got, err := c.events.ReadString('\n')
	if want := fmt.Sprintf("data: %d\n", round); err == nil && got != want {
		err = fmt.Errorf("got %q instead of %q", got, want)
	}
	return err
}

func (c eventClient) end() error {
	if rest, err := io.ReadAll(c.events); err != nil || len(rest) > 0 {
		return fmt.Errorf("the stream ended with %q, %w", rest, err)
	}
	return c.Close()
}

// uploadClient sends a body piece by piece; the origin counts it at the end.
type uploadClient struct{ client }

func openUpload(c client) (steady, error) {
	_, err := io.WriteString(c, request("POST /upload", fmt.Sprintf("Content-Length: %d", 10*rounds)))
	return uploadClient{c}, err
}

func (c uploadClient) step(int) error {
	_, err := io.WriteString(c, "0123456789")
	return err
}

func (c uploadClient) end() error {
	res, err := c.open("", "200")
	if err != nil {
		return err
	}
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case string(body) != fmt.Sprint(10*rounds):
		return fmt.Errorf("the origin got %s bytes", body)
	case res.Header.Get("X-Banyan-Arm") != "legacy":
		return fmt.Errorf("answered by %s: the upload keeps the table it began with", res.Header.Get("X-Banyan-Arm"))
	}
	return c.Close()
}

// broadcast is the origin of all of these. Its events go to everybody at once.
type broadcast struct {
	mu      sync.Mutex
	streams []io.Writer
	done    chan struct{}
	ended   sync.Once
	opened  atomic.Int64
}

// wait waits until so many requests are there.
func (b *broadcast) wait(n int64) {
	for end := time.Now().Add(patience); b.opened.Load() < n && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// say sends an event to every stream.
func (b *broadcast) say(round int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.streams {
		_, _ = io.WriteString(w, chunk(fmt.Sprintf("data: %d\n", round)))
	}
}

// stop ends the streams.
func (b *broadcast) stop() { b.ended.Do(func() { close(b.done) }) }

func (b *broadcast) serve(c io.ReadWriteCloser) {
	r, head, err := headOnly(c)
	if err != nil {
		return
	}
	b.opened.Add(1)
	switch {
	case strings.HasPrefix(head, "GET /ws "):
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(c, r)
	case strings.HasPrefix(head, "GET /events "):
		b.mu.Lock()
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		b.streams = append(b.streams, c)
		b.mu.Unlock()
		<-b.done
		_, _ = io.WriteString(c, "0\r\n\r\n")
	case strings.HasPrefix(head, "POST /upload "):
		n, _ := io.Copy(io.Discard, io.LimitReader(r, 10*rounds))
		text := fmt.Sprint(n)
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	default:
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
	}
}
