package receipt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// The headers that tell the arms apart without a marker.
const (
	armHeader     = "X-Banyan-Arm"
	gatewayHeader = "Apigw-Requestid"
)

// Marker is something that the wanted arm's answers have and the other's have
// not: a text of the page, or a header, with any value or with one that has Text
// in it.
type Marker struct {
	Text   string
	Header string
}

func (m Marker) String() string {
	if m.Header != "" {
		return strings.TrimSuffix(m.Header+": "+m.Text, ": ")
	}
	return fmt.Sprintf("%q", m.Text)
}

// asker asks one question again and again, keeping its cookies as a browser
// does: a shopper whom the edge gave a visitor stays that visitor.
type asker struct {
	Question
	client *http.Client
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
}

func newAsker(q Question) (*asker, error) {
	u, err := url.Parse(q.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a page", q.URL)
	}
	a := &asker{Question: q, now: q.Now, sleep: q.Sleep}
	if a.now == nil {
		a.now = time.Now
	}
	if a.sleep == nil {
		a.sleep = sleep
	}
	client := http.Client{Timeout: askTimeout}
	if q.Client != nil {
		client = *q.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if client.Jar, err = cookiejar.New(nil); err != nil {
		return nil, err
	}
	if q.Visitor != "" {
		client.Jar.SetCookies(u, []*http.Cookie{{Name: route.VisitorCookie, Value: q.Visitor, Path: "/"}})
	}
	a.client = &client
	return a, nil
}

// answer is what one answer tells. Without evidence it tells nothing.
type answer struct {
	status   int
	arm      route.Arm
	evidence string
}

func (a *asker) ask(ctx context.Context) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("User-Agent", "banyan-receipt")
	resp, err := a.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, pageBytes))
	if err != nil {
		return answer{status: resp.StatusCode}, fmt.Errorf("read the page: %w", err)
	}
	return a.read(resp, page), nil
}

// read finds out which arm an answer is from.
func (a *asker) read(resp *http.Response, page []byte) answer {
	out := answer{status: resp.StatusCode}
	switch arm := resp.Header.Get(armHeader); {
	case a.Marker != (Marker{}):
		out.evidence, out.arm = "marker "+a.Marker.String(), a.Arm
		if !a.Marker.in(resp.Header, page) {
			out.arm = other(a.Arm)
		}
	case arm != "" && out.arm.UnmarshalText([]byte(arm)) == nil:
		out.evidence = strings.ToLower(armHeader)
	case resp.Header.Get(gatewayHeader) != "":
		out.evidence, out.arm = strings.ToLower(gatewayHeader), route.Serverless
	}
	return out
}

func (m Marker) in(header http.Header, page []byte) bool {
	if m.Header == "" {
		return bytes.Contains(page, []byte(m.Text))
	}
	for _, value := range header.Values(m.Header) {
		if strings.Contains(value, m.Text) {
			return true
		}
	}
	return false
}

func other(arm route.Arm) route.Arm {
	if arm == route.Legacy {
		return route.Serverless
	}
	return route.Legacy
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
