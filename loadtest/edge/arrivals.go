//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// arrivals is an open model: requests come when shoppers send them, one after
// another at random (a Poisson process), whether or not answers have come. A
// request's time counts from the moment it was due, so that a proxy that stands
// still is charged with every request that waited for it (what is known as
// coordinated omission).
type arrivals struct {
	Address     string // host:port
	Requests    [][]byte
	Rate        float64 // a second
	Connections int
	Span        time.Duration

	poll  *poller
	conns map[int32]*visitor
	free  []*visitor
	due   []time.Duration // requests that wait for a connection, since start
	sent  int
	start time.Time
	took  *hdrhistogram.Histogram // microseconds
	late  *hdrhistogram.Histogram // how late the generator itself sent, where a connection was free
	wrong int
}

// visitor is one connection of a shopper.
type visitor struct {
	fd   int
	in   []byte
	n    int
	body int           // bytes of the answer still to come, -1 before its head is there
	due  time.Duration // of the request that is open
	out  []byte        // of the request, what the socket did not take yet

	waits bool // for the socket to take more of out
}

// spread is what came of arrivals.
type spread struct {
	Rate float64 `json:"rate"` // asked for, a second
	Sent float64 `json:"sent"` // answered, a second
	P50  int64   `json:"p50"`  // microseconds, as the others
	P99  int64   `json:"p99"`
	P999 int64   `json:"p999"`
	Late int64   `json:"late"` // p99 of the generator's own lateness
	Bad  int     `json:"bad"`  // answers other than 200
}

// drainPatience is how long answers may take to come after the last request.
const drainPatience = 5 * time.Second

var (
	errClosed  = errors.New("the proxy closed a connection")
	errTooSlow = errors.New("answers did not come: the rate is more than the proxy can take")
)

// run sends for Span and waits for the answers that are open.
func (a *arrivals) run() (spread, error) {
	a.took = hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	a.late = hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	if err := a.connect(); err != nil {
		return spread{}, err
	}
	defer a.close()
	// A sleep of the kernel is 50 microseconds longer than asked for, unless the
	// thread says that it means it.
	const setTimerSlack = 29
	syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0)
	random := rand.New(rand.NewPCG(1, 2)) // the same arrivals for every contender
	gap := func() time.Duration { return time.Duration(random.ExpFloat64() / a.Rate * 1e9) }
	a.start = time.Now()
	for next := gap(); ; {
		now := time.Since(a.start)
		for ; next <= now && next < a.Span; next += gap() {
			if err := a.arrive(next, now); err != nil {
				return spread{}, err
			}
		}
		over := next >= a.Span
		if over && len(a.free) == len(a.conns) && len(a.due) == 0 {
			break
		}
		if over && now > a.Span+drainPatience {
			return spread{}, errTooSlow
		}
		limit := next - now
		if over {
			limit = drainPatience
		}
		if err := a.collect(limit); err != nil {
			return spread{}, err
		}
	}
	return spread{Rate: a.Rate, Sent: float64(a.took.TotalCount()) / time.Since(a.start).Seconds(), P50: a.took.ValueAtQuantile(50), P99: a.took.ValueAtQuantile(99),
		P999: a.took.ValueAtQuantile(99.9), Late: a.late.ValueAtQuantile(99), Bad: a.wrong}, nil
}

func (a *arrivals) connect() (err error) {
	if a.poll, err = newPoller(); err != nil {
		return err
	}
	a.conns = make(map[int32]*visitor)
	for range a.Connections {
		conn, err := net.Dial("tcp", a.Address)
		if err != nil {
			return err
		}
		fd, err := own(conn.(*net.TCPConn))
		if err != nil {
			return err
		}
		if err := a.poll.watch(fd, syscall.EPOLL_CTL_ADD, false); err != nil {
			return err
		}
		v := &visitor{fd: fd, in: make([]byte, 128<<10)}
		a.conns[int32(fd)] = v
		a.free = append(a.free, v)
	}
	return nil
}

func (a *arrivals) close() {
	for _, v := range a.conns {
		syscall.Close(v.fd)
	}
	syscall.Close(a.poll.fd)
}

// arrive sends the request that was due, or has it wait for a connection.
func (a *arrivals) arrive(due, now time.Duration) error {
	if len(a.free) == 0 {
		a.due = append(a.due, due)
		return nil
	}
	a.late.RecordValue((now - due).Microseconds())
	v := a.free[len(a.free)-1]
	a.free = a.free[:len(a.free)-1]
	return a.send(v, due)
}

func (a *arrivals) send(v *visitor, due time.Duration) error {
	v.due, v.n, v.body = due, 0, -1
	v.out = a.Requests[a.sent%len(a.Requests)]
	a.sent++
	return a.push(v)
}

// push writes what is left of the request, and watches for room where the
// socket does not take all of it.
func (a *arrivals) push(v *visitor) error {
	waited := v.waits
	n, err := write(v.fd, v.out)
	if err != nil && err != syscall.EAGAIN {
		return fmt.Errorf("send: %w", err)
	}
	v.out = v.out[n:]
	if v.waits = len(v.out) > 0; v.waits != waited {
		return a.poll.watch(v.fd, syscall.EPOLL_CTL_MOD, v.waits)
	}
	return nil
}

// collect waits for answers, at most so long.
func (a *arrivals) collect(limit time.Duration) error {
	ready, err := a.poll.wait(max(0, limit))
	if err != nil {
		return err
	}
	for i := range ready {
		v := a.conns[ready[i].Fd]
		if ready[i].Events&syscall.EPOLLOUT != 0 {
			if err := a.push(v); err != nil {
				return err
			}
		}
		if ready[i].Events&^uint32(syscall.EPOLLOUT) != 0 {
			if err := a.receive(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// receive reads a part of an answer; a whole one frees the connection.
func (a *arrivals) receive(v *visitor) error {
	n, err := read(v.fd, v.in[v.n:])
	switch {
	case err == syscall.EAGAIN:
		return nil
	case err != nil:
		return fmt.Errorf("receive: %w", err)
	case n == 0:
		return errClosed
	}
	if v.body < 0 {
		v.n += n
		end := bytes.Index(v.in[:v.n], []byte("\r\n\r\n"))
		if end < 0 {
			return nil
		}
		if v.body, err = contentLength(v.in[:end+2]); err != nil {
			return fmt.Errorf("%w: %s", err, v.in[:end])
		}
		if !bytes.HasPrefix(v.in, []byte("HTTP/1.1 200 ")) {
			a.wrong++
		}
		n, v.n = v.n-end-4, 0
	}
	if v.body -= n; v.body > 0 {
		return nil
	}
	return a.done(v)
}

// done notes how long the answer took and sends what waited longest.
func (a *arrivals) done(v *visitor) error {
	a.took.RecordValue((time.Since(a.start) - v.due).Microseconds())
	if len(a.due) > 0 {
		due := a.due[0]
		a.due = a.due[1:]
		return a.send(v, due)
	}
	a.free = append(a.free, v)
	return nil
}
