package shopper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
)

// maxAnswerBytes is how much of an answer is read; a shop's pages are smaller.
const maxAnswerBytes = 4 << 20

// newClient returns a client that keeps every connection it made, follows no
// redirect and asks no proxy.
func newClient() *http.Client {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: -1}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			MaxIdleConns:        sale.MaxOpen,
			MaxIdleConnsPerHost: sale.MaxOpen,
			IdleConnTimeout:     20 * time.Second, // less than what servers keep theirs
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came back, or why nothing did.
type answer struct {
	status int
	body   []byte
	err    error
}

// ask sends a request and reads the answer to its end.
func (c *Crowd) ask(ctx context.Context, req *http.Request) answer {
	resp, err := c.client.Do(req.WithContext(ctx))
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	return answer{status: resp.StatusCode, body: body, err: err}
}

// page judges the answer to a request for a page.
func (a answer) page() (sale.Outcome, string) {
	switch {
	case a.err != nil:
		return broken(a.err)
	case a.status == http.StatusOK:
		return sale.Done, ""
	}
	return a.refusal()
}

// refusal judges an answer that is not the wanted one.
func (a answer) refusal() (sale.Outcome, string) {
	kind := fmt.Sprintf("answer %d", a.status)
	if a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests {
		return sale.Refused, kind
	}
	return sale.Failed, kind
}

// broken names what kept an answer from coming.
func broken(err error) (sale.Outcome, string) {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return sale.TimedOut, "no answer in time"
	case errors.Is(err, context.Canceled):
		return "", "" // the rehearsal was cut off
	case errors.Is(err, syscall.ECONNREFUSED):
		return sale.Failed, "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return sale.Failed, "connection broken"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		return sale.NotSent, "not sent: no descriptor or port was free here"
	case strings.Contains(err.Error(), "server closed idle connection"):
		return sale.Failed, "connection broken"
	}
	return sale.Failed, "other error"
}
