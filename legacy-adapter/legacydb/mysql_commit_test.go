package legacydb_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

// commitCutter passes connections on to a server and, once, cuts one as its
// COMMIT passes by: before the server hears of it, or before its answer is
// heard.
type commitCutter struct {
	listener net.Listener
	server   string
	armed    atomic.Bool
	heard    bool // the server hears the COMMIT
}

func newCommitCutter(t *testing.T, server string, heard bool) *commitCutter {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	c := &commitCutter{listener: l, server: server, heard: heard}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.pass(client)
		}
	}()
	return c
}

func (c *commitCutter) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	var mute atomic.Bool
	answered := make(chan struct{})
	go func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if mute.Load() {
				close(answered)
				return
			}
			if err != nil {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.HasSuffix(buffer[:n], []byte("COMMIT")) && c.armed.CompareAndSwap(true, false) {
			if c.heard {
				mute.Store(true)
				if _, err := server.Write(buffer[:n]); err == nil {
					<-answered // so it is done
				}
			}
			return
		}
		if _, err := io.Copy(server, bytes.NewReader(buffer[:n])); err != nil {
			return
		}
	}
}

func TestMySQL_CommitWhoseAnswerIsLostIsFoundInTheLedger(t *testing.T) {
	for _, c := range []struct {
		heard bool
		then  order.Disposition
	}{{true, duplicate}, {false, written}} {
		t.Run(fmt.Sprintf("server heard it %v", c.heard), func(t *testing.T) {
			l := newMySQLLegacy(t)
			cutter := newCommitCutter(t, fmt.Sprintf("127.0.0.1:%d", l.server.port), c.heard)
			through := strings.Replace(l.server.url(l.name), fmt.Sprintf("127.0.0.1:%d", l.server.port), cutter.listener.Addr().String(), 1)
			db := openLegacy(t, mysqlMapping(through))
			orders := []order.Order{mysqlOrder(ann, "rod"), mysqlOrder(bob, "reel")}
			cutter.armed.Store(true)
			outcomes := db.Write(t.Context(), orders)
			require.Equal(t, []order.Disposition{deferred, deferred}, dispositions(outcomes))
			require.True(t, saysAway(outcomes[0].Err))
			require.Equal(t, []order.Disposition{c.then, c.then}, dispositions(db.Write(t.Context(), orders)))
			l.requireWritten(2)
		})
	}
}
