package accesslog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
)

// Limits of a log.
const (
	MaxBytes     = 16 << 30       // of a log; it is streamed, and nothing of it is kept
	MaxLineBytes = 64 << 10       // of a line; a longer one cannot be read
	MaxSpan      = 48 * time.Hour // from the first line; one beyond it cannot be placed
	maxExamples  = 3
	maxExample   = 120 // bytes that are shown of a line
)

// Errors of a log as a whole.
var (
	ErrTooLarge = fmt.Errorf("the log is larger than %d GB", MaxBytes>>30)
	ErrNoOrders = errors.New("no line of the log is an order")
	ErrNoLines  = errors.New("no line of the log can be read")
)

// Traffic is what a log holds, second by second.
type Traffic struct {
	Began    time.Time
	Pages    []float64 // requests that are no orders
	Orders   []float64
	Lines    int64
	Bad      int64    // lines that could not be read or placed
	Examples []string // of those
}

// Read reads a log to its end. A POST to a path that holds orderPath is an
// order.
func Read(from io.Reader, orderPath string) (*Traffic, error) {
	limited := &io.LimitedReader{R: from, N: MaxBytes + 1}
	in := bufio.NewReaderSize(limited, MaxLineBytes)
	t := &Traffic{}
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			t.bad(line)
			err = skipLine(in)
			line = nil
		}
		if len(bytes.TrimSpace(line)) > 0 {
			t.add(line, orderPath)
		}
		switch {
		case errors.Is(err, io.EOF) && limited.N <= 0:
			return nil, ErrTooLarge
		case errors.Is(err, io.EOF):
			return t, t.check(orderPath)
		case err != nil:
			return nil, fmt.Errorf("read the log: %w", err)
		}
	}
}

// skipLine reads on to the end of a line that is too long.
func skipLine(in *bufio.Reader) error {
	for {
		_, err := in.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func (t *Traffic) check(orderPath string) error {
	if t.Began.IsZero() {
		return ErrNoLines
	}
	for _, n := range t.Orders {
		if n > 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: none is a POST to a path with %q in it", ErrNoOrders, orderPath)
}

func (t *Traffic) bad(line []byte) {
	t.Lines++
	t.Bad++
	if len(t.Examples) < maxExamples {
		t.Examples = append(t.Examples, strings.ToValidUTF8(string(line[:min(len(line), maxExample)]), "?"))
	}
}

// add counts one line. Lines come a little out of order, as servers write them
// when a request ends: one from before the first counts for the first second.
func (t *Traffic) add(line []byte, orderPath string) {
	h, err := parse(line)
	if err != nil {
		t.bad(line)
		return
	}
	if t.Began.IsZero() {
		t.Began = h.at.Truncate(time.Second)
	}
	since := h.at.Sub(t.Began)
	if since >= MaxSpan || since < -time.Minute {
		t.bad(line)
		return
	}
	t.Lines++
	second := int(max(0, since) / time.Second)
	for len(t.Pages) <= second {
		t.Pages = append(t.Pages, 0)
		t.Orders = append(t.Orders, 0)
	}
	if h.method == http.MethodPost && strings.Contains(h.path, orderPath) {
		t.Orders[second]++
		return
	}
	t.Pages[second]++
}

// Busiest returns the traffic of the stretch that has the most orders within its
// busy part: lead before it, busy, and tail after it. What is beyond the log is
// empty.
func (t *Traffic) Busiest(lead, busy, tail time.Duration) *Traffic {
	seconds := func(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
	best, bestSum, sum := 0, -1.0, 0.0
	for i := range t.Orders {
		sum += t.Orders[i]
		if out := i - seconds(busy); out >= 0 {
			sum -= t.Orders[out]
		}
		if sum > bestSum {
			best, bestSum = max(0, i-seconds(busy)+1), sum
		}
	}
	from := best - seconds(lead)
	cut := *t
	cut.Began = t.Began.Add(time.Duration(from) * time.Second)
	cut.Pages, cut.Orders = nil, nil
	for i := from; i < best+seconds(busy)+seconds(tail); i++ {
		pages, orders := 0.0, 0.0
		if i >= 0 && i < len(t.Pages) {
			pages, orders = t.Pages[i], t.Orders[i]
		}
		cut.Pages, cut.Orders = append(cut.Pages, pages), append(cut.Orders, orders)
	}
	return &cut
}

// Shapes are the rates of pages and orders, so many times.
func (t *Traffic) Shapes(times float64) (pages, orders sale.Shape) {
	return sale.Counts(time.Second, t.Pages, times), sale.Counts(time.Second, t.Orders, times)
}

// Sum adds up all pages and orders, and the most orders within a second.
func (t *Traffic) Sum() (pages, orders, most float64) {
	for i := range t.Pages {
		pages += t.Pages[i]
		orders += t.Orders[i]
		most = max(most, t.Orders[i])
	}
	return pages, orders, most
}
