//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// originCommand is the shop behind every proxy: one thread that answers from
// memory. ?kb=N asks for a page of that many kilobytes, ?echo for the head of
// the request as it came.
type originCommand struct {
	Listen string `help:"Address to listen on." default:"127.0.0.1:0"`
}

// Run says where it listens and serves until it is killed.
func (c originCommand) Run(out io.Writer) error {
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	signal.Reset() // the kernel's default ends it at once
	fmt.Fprintln(out, l.Addr())
	o, err := newOrigin(l.(*net.TCPListener))
	if err != nil {
		return err
	}
	return o.serve()
}

// origin is the listener and its connections.
type origin struct {
	poll     *poller
	listener int
	conns    map[int32]*originConn
	pages    map[string][]byte // whole answers, by the digits of kb
}

// originConn is one connection of a proxy.
type originConn struct {
	fd      int
	in      []byte // of the next head, in[:n]
	n       int
	body    int    // bytes of a request's body still to come
	pending []byte // of an answer that the socket did not take yet
}

// headBytes bounds what a proxy may make of a request's head.
const headBytes = 32 << 10

func newOrigin(l *net.TCPListener) (*origin, error) {
	listener, err := own(l)
	if err != nil {
		return nil, err
	}
	o := &origin{listener: listener, conns: map[int32]*originConn{}, pages: map[string][]byte{}}
	for _, kb := range []int{0, 2, 64} {
		o.pages[strconv.Itoa(kb)] = answer(kb)
	}
	if o.poll, err = newPoller(); err != nil {
		return nil, err
	}
	return o, o.poll.watch(o.listener, syscall.EPOLL_CTL_ADD, false)
}

// answer is a page of so many kilobytes with the headers of a shop's page.
func answer(kb int) []byte { return withHead(bytes.Repeat([]byte("banyan. "), kb<<10/8)) }

func withHead(body []byte) []byte {
	head := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nServer: shop\r\nDate: %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\nCache-Control: private, no-store\r\nVary: Accept-Encoding\r\n\r\n",
		time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), len(body))
	return append(head, body...)
}

func (o *origin) serve() error {
	for {
		ready, err := o.poll.wait(-1)
		if err != nil {
			return err
		}
		for i := range ready {
			switch c := o.conns[ready[i].Fd]; {
			case int(ready[i].Fd) == o.listener:
				o.accept()
			case c == nil: // closed by an event before
			case o.turn(c) != nil:
				delete(o.conns, int32(c.fd))
				syscall.Close(c.fd)
			}
		}
	}
}

func (o *origin) accept() {
	for {
		fd, _, err := syscall.Accept4(o.listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		if o.poll.watch(fd, syscall.EPOLL_CTL_ADD, false) != nil {
			syscall.Close(fd)
			continue
		}
		o.conns[int32(fd)] = &originConn{fd: fd, in: make([]byte, headBytes)}
	}
}

// turn does what a connection is ready for; an error ends it.
func (o *origin) turn(c *originConn) error {
	if len(c.pending) > 0 {
		if err := o.send(c, c.pending); err != nil || len(c.pending) > 0 {
			return err
		}
	}
	n, err := read(c.fd, c.in[c.n:])
	switch {
	case err == syscall.EAGAIN:
		return nil
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	c.n += n
	for len(c.pending) == 0 {
		whole, err := o.next(c)
		if err != nil || !whole {
			return err
		}
	}
	return nil
}

// next answers the request that begins the buffer, if all of it is there.
func (o *origin) next(c *originConn) (whole bool, err error) {
	if taken := min(c.body, c.n); taken > 0 {
		c.body -= taken
		c.n = copy(c.in, c.in[taken:c.n])
		if c.body > 0 {
			return false, nil
		}
		return true, o.send(c, o.pages["0"])
	}
	end := bytes.Index(c.in[:c.n], []byte("\r\n\r\n"))
	if end < 0 {
		if c.n == len(c.in) {
			return false, errHead
		}
		return false, nil
	}
	head := c.in[:end+2]
	var page []byte
	if head[0] == 'P' {
		c.body, err = contentLength(head)
	} else {
		page, err = o.page(head)
	}
	c.n = copy(c.in, c.in[end+4:c.n])
	if err != nil || c.body > 0 {
		return true, err
	}
	return true, o.send(c, page)
}

// page finds the answer that the target of a request asks for.
func (o *origin) page(head []byte) ([]byte, error) {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	_, query, _ := bytes.Cut(line, []byte("?"))
	query, _, _ = bytes.Cut(query, []byte(" "))
	if string(query) == "echo" {
		return withHead(head), nil
	}
	if page := o.pages[string(bytes.TrimPrefix(query, []byte("kb=")))]; page != nil {
		return page, nil
	}
	return nil, errHead
}

// send writes as much as the socket takes and keeps the rest.
func (o *origin) send(c *originConn, p []byte) error {
	waited := len(c.pending) > 0
	n, err := write(c.fd, p)
	if err != nil && err != syscall.EAGAIN {
		return err
	}
	c.pending = p[n:]
	if waits := len(c.pending) > 0; waits != waited {
		return o.poll.watch(c.fd, syscall.EPOLL_CTL_MOD, waits)
	}
	return nil
}
