package edgetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// recorder is an origin that keeps the very bytes it got, connection by
// connection, and answers each request that it reads in them.
type recorder struct {
	t        *testing.T
	listener net.Listener
	// answer writes an answer; it is false where the connection is to be
	// closed. nil: sayBack.
	answer func(c *originConn, m message) (again bool)
	// early answers a request as soon as its head is there.
	early bool

	mu    sync.Mutex
	conns []*originConn
	open  sync.WaitGroup

	forgotten atomic.Bool // a connection was not closed in time
	heard     chan message
}

// originConn is one connection of an edge to a recorder.
type originConn struct {
	net.Conn
	origin *recorder

	mu       sync.Mutex
	raw      []byte // up to where the protocol was switched
	tunnel   []byte // after that
	switched bool

	asked int // where the request begins whose body was asked for, and 1
}

// startRecorder starts an origin.
func startRecorder(t *testing.T, answer func(*originConn, message) bool) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &recorder{t: t, listener: listener, answer: answer, heard: make(chan message, 100_000)}
	if answer == nil {
		o.answer = sayBack
	}
	o.open.Go(o.accept)
	t.Cleanup(o.close)
	return o
}

func (o *recorder) accept() {
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		c := &originConn{Conn: conn, origin: o}
		o.mu.Lock()
		o.conns = append(o.conns, c)
		o.mu.Unlock()
		o.open.Go(c.serve)
	}
}

func (o *recorder) close() {
	_ = o.listener.Close()
	for _, c := range o.all() {
		_ = c.Close()
	}
	o.open.Wait()
}

// settleTime is how long an edge that was stopped may take to hang up.
const settleTime = 3 * time.Second

// settle waits until the edge, which has been stopped, has hung up on all its
// connections. One that it forgot is an error.
func (o *recorder) settle() error {
	_ = o.listener.Close()
	for _, c := range o.all() {
		_ = c.SetReadDeadline(time.Now().Add(settleTime))
	}
	o.open.Wait()
	if o.forgotten.Load() {
		return errors.New("the edge left a connection to the origin open")
	}
	return nil
}

func (o *recorder) all() []*originConn {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]*originConn(nil), o.conns...)
}

func (o *recorder) origin() proxy.Origin {
	return proxy.Origin{URL: &url.URL{Scheme: "http", Host: o.listener.Addr().String()}}
}

// next waits for the next request.
func (o *recorder) next() message {
	o.t.Helper()
	select {
	case m := <-o.heard:
		return m
	case <-time.After(patience):
		require.FailNow(o.t, "the origin got no request")
		return message{}
	}
}

// serve reads what comes and answers what is whole in it, until the bytes can
// be read in two ways or the edge hangs up.
func (c *originConn) serve() {
	defer c.Close()
	buffer, done := make([]byte, 64<<10), 0
	for {
		n, err := c.Read(buffer)
		c.mu.Lock()
		if c.switched {
			c.tunnel = append(c.tunnel, buffer[:n]...)
			c.mu.Unlock()
			if _, werr := c.Write(buffer[:n]); err != nil || werr != nil {
				return
			}
			continue
		}
		c.raw = append(c.raw, buffer[:n]...)
		raw := c.raw
		c.mu.Unlock()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.origin.forgotten.Store(true)
			}
			return
		}
		if done = c.answerFrom(raw, done); done < 0 {
			return
		}
	}
}

// answerFrom answers what is new from an offset on, and returns the next.
func (c *originConn) answerFrom(raw []byte, from int) int {
	for from < len(raw) {
		m, err := readMessage(raw[from:])
		switch {
		case err != nil:
			return -1
		case !m.whole && !bytes.Contains(raw[from:], []byte("\r\n\r\n")):
			return from
		case !m.whole && !c.origin.early:
			c.askForBody(m, from)
			return from
		}
		c.origin.heard <- m
		if !c.origin.answer(c, m) {
			return -1
		}
		if c.switchedNow() {
			c.mu.Lock()
			c.tunnel = append(c.tunnel, raw[from+m.size:]...)
			c.raw = raw[:from+m.size]
			early := c.tunnel
			c.mu.Unlock()
			_, _ = c.Write(early)
			return len(raw)
		}
		if !m.whole { // answered early: whatever comes is kept, and answered no more
			_, _ = io.Copy(keeper{c}, c.Conn)
			return -1
		}
		from += m.size
	}
	return from
}

// askForBody tells an edge that waits for it to go on, once a request.
func (c *originConn) askForBody(m message, from int) {
	expected := strings.ToLower(strings.Join(m.get("Expect"), ","))
	if strings.Contains(expected, "100-continue") && c.asked != from+1 {
		c.asked = from + 1
		c.say("HTTP/1.1 100 Continue\r\n\r\n")
	}
}

// keeper keeps what comes.
type keeper struct{ c *originConn }

func (k keeper) Write(piece []byte) (int, error) {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	k.c.raw = append(k.c.raw, piece...)
	return len(piece), nil
}

func (c *originConn) switchedNow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.switched
}

// say writes text.
func (c *originConn) say(text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

// sayBack answers with the method and target that were asked for.
func sayBack(c *originConn, m message) bool {
	asked := strings.TrimSuffix(m.line, " HTTP/1.1")
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Origin: recorder\r\nContent-Length: %d\r\n\r\n", len(asked))
	if strings.HasPrefix(asked, "HEAD ") {
		asked = ""
	}
	return c.say(head + asked)
}

// switchProtocols grants an upgrade; from there on what comes is sent back.
func switchProtocols(c *originConn, protocol string) bool {
	c.mu.Lock()
	c.switched = true
	c.mu.Unlock()
	return c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n\r\n")
}

// recorded are the requests of a connection, and the bytes they came in.
type recorded struct {
	messages []message
	raw      []byte
	err      error
}

// records returns what each connection got.
func (o *recorder) records() (all []recorded) {
	for _, c := range o.all() {
		c.mu.Lock()
		r := recorded{raw: bytes.Clone(c.raw)}
		c.mu.Unlock()
		r.messages, r.err = readStrict(r.raw)
		all = append(all, r)
	}
	return all
}
