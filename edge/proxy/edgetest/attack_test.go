package edgetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// attack is one published way to make an edge and an origin disagree.
type attack struct {
	name string
	ref  string // where it was published
	send string // what the viewer says, byte for byte
	want outcome

	// seen are the requests an origin may see, as method and target, where the
	// attack is forwarded. None: the one for /attack, with send's method.
	seen []string
	// body is what the origin has to get as the first request's body.
	body string
	// marks must not be found in what the origin gets.
	marks []string
	// needs have to be found in what the origin gets.
	needs []string

	// answers is what the origin says to /attack; empty: an answer of its own.
	// With early it says so as soon as it has the head, and reads no body.
	answers string
	early   bool
	hangsUp bool   // after that the origin closes the connection
	gets    string // the body that the viewer gets where answers is passed on
	leaks   string // must not be found in what the viewer gets
}

// outcome is what has to become of an attack.
type outcome uint8

const (
	// refused: a 4xx or 5xx of the edge's own, a closed connection, and not one
	// whole request at the origin.
	refused outcome = iota
	// forwarded: the origin gets the requests of seen and no other, each
	// readable in one way only, each with the edge's own headers.
	forwarded
	// either of the two.
	either
	// badGateway: what the origin answered is refused with 502.
	badGateway
	// passed: the answer is passed on as gets; its connection is used no more.
	passed
	// passedOrBad is either of the last two.
	passedOrBad
	// cutShort: the answer breaks off before its end, or is refused with 502.
	cutShort
)

// attackLimits keep an attack that stalls an edge from stalling the test.
var attackLimits = proxy.Limits{HeaderTime: 5 * time.Second, BodyIdle: 2 * time.Second, LegacyAnswer: 5 * time.Second, ServerlessAnswer: 5 * time.Second}

// smuggled is the request that an attack tries to get past the edge.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: shop.example\r\nX-Smuggled: 1\r\n\r\n"

// run runs an attack against an edge, and says what went wrong.
func (a attack) run(t *testing.T, e engine) error {
	origin := startRecorder(t, a.respond)
	origin.early = a.early
	edge := e.startEdge(t, proxy.Options{Legacy: origin.origin(), Limits: attackLimits})
	v := edge.dial(t)
	v.say(a.send)
	verdict := a.judgeViewer(v)
	after, err := edge.askAfter(t)
	edge.stop()
	settled := origin.settle()
	return errors.Join(verdict.err, err, settled, a.judgeOrigin(origin, verdict.refused), a.judgeAfter(origin, after))
}

// respond is the origin's part.
func (a attack) respond(c *originConn, m message) bool {
	if a.answers == "" || !strings.Contains(m.line, " /attack") {
		return sayBack(c, m)
	}
	return c.say(a.answers) && !a.hangsUp
}

// method is the method of the attack's request.
func (a attack) method() string {
	method, _, _ := strings.Cut(strings.TrimLeft(a.send, "\r\n "), " ")
	return method
}

// lines are the requests an origin may see.
func (a attack) lines() []string {
	if a.seen == nil {
		return []string{a.method() + " /attack"}
	}
	return a.seen
}

// verdict is what the viewer saw.
type verdict struct {
	refused bool
	err     error
}

func (a attack) judgeViewer(v *viewer) verdict {
	first, err := v.answer(a.method())
	if a.leaks != "" && strings.Contains(v.raw.String(), a.leaks) {
		return verdict{err: fmt.Errorf("the viewer got what was not for it: %q", v.raw.String())}
	}
	if a.want >= badGateway {
		return verdict{err: a.judgePassed(v, first, err)}
	}
	if err != nil {
		// A server that closes with much of a request unread may have its
		// answer lost on the way.
		if a.want == refused && len(a.send) > muchUnread && isReset(err) {
			err = nil
		}
		return verdict{refused: true, err: err}
	}
	if first.ownRefusal() {
		err = v.ended()
		if a.want == forwarded {
			err = fmt.Errorf("it was refused with %s", first.Status)
		}
		return verdict{refused: true, err: err}
	}
	if a.want == refused {
		return verdict{err: fmt.Errorf("it was not refused, but answered %s: %q", first.Status, first.body)}
	}
	return verdict{err: a.judgeAnswers(v, first)}
}

// muchUnread is more than a server reads of a request that it refuses.
const muchUnread = 16 << 10

// ownRefusal reports whether an answer is the edge's own, and refuses.
func (a answer) ownRefusal() bool {
	return a.Header.Get("X-Origin") == "" && (a.StatusCode >= 400 && a.StatusCode < 500 || a.StatusCode == 501 || a.StatusCode == 505)
}

// judgeAnswers looks at the answers to what was forwarded: each has to be that
// of its own request.
func (a attack) judgeAnswers(v *viewer, first answer) error {
	for i, line := range a.lines() {
		got := first
		if method, _, _ := strings.Cut(line, " "); i > 0 {
			var err error
			if got, err = v.answer(method); err != nil {
				return fmt.Errorf("answer %d: %w", i, err)
			}
		}
		if a.answers == "" && a.method() != "HEAD" && got.body != line {
			return fmt.Errorf("answer %d is %q, not that of %s", i, got.body, line)
		}
	}
	return nil
}

// judgePassed looks at the answer to an attack by an origin.
func (a attack) judgePassed(v *viewer, got answer, err error) error {
	bad := err == nil && got.StatusCode == 502
	switch {
	case a.want == badGateway && !bad:
		return fmt.Errorf("the answer was not refused, but passed on: %q, %v", v.raw.String(), err)
	case a.want == badGateway, a.want == passedOrBad && bad, a.want == cutShort && (bad || err != nil):
		return nil
	case a.want == cutShort:
		return fmt.Errorf("half an answer was taken for one: %q", v.raw.String())
	case err != nil:
		return fmt.Errorf("no answer: %w", err)
	case got.body != a.gets:
		return fmt.Errorf("the viewer got %q instead of %q", got.body, a.gets)
	}
	return nil
}

// askAfter asks for something else as somebody else, who has to get just that.
func (e *edge) askAfter(t *testing.T) (answer, error) {
	v := e.dial(t)
	v.say(request("GET /after"))
	got, err := v.answer("GET")
	if err == nil && got.body != "GET /after" {
		err = fmt.Errorf("got %s %q", got.Status, got.body)
	}
	if err != nil {
		err = fmt.Errorf("the next viewer: %w", err)
	}
	return got, err
}

// judgeOrigin looks at the bytes that the origin got.
func (a attack) judgeOrigin(o *recorder, wasRefused bool) error {
	var lines []string
	for _, r := range o.records() {
		if r.err != nil {
			return fmt.Errorf("the origin got what %w: %q", r.err, r.raw)
		}
		for _, m := range r.messages {
			if err := a.judgeMessage(m, r); err != nil {
				return err
			}
			if line := strings.TrimSuffix(m.line, " HTTP/1.1"); line != "GET /after" && (m.whole || a.early) {
				lines = append(lines, line)
			}
		}
	}
	want := a.lines()
	if wasRefused {
		want = nil
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		return fmt.Errorf("the origin saw %q instead of %q", lines, want)
	}
	return nil
}

// judgeMessage looks at one request that the origin got.
func (a attack) judgeMessage(m message, r recorded) error {
	text := string(r.raw)
	own := strings.HasPrefix(m.line, a.lines()[0]+" ")
	switch {
	case m.whole && (len(m.get("X-Banyan-Epoch")) != 1 || len(m.get("X-Forwarded-For")) != 1):
		return fmt.Errorf("the origin got a request that the edge never decided: %q", text)
	case own && m.whole && a.body != "" && string(m.body) != a.body:
		return fmt.Errorf("the origin got the body %q instead of %q", m.body, a.body)
	}
	for _, mark := range a.marks {
		if strings.Contains(strings.ToLower(text), strings.ToLower(mark)) {
			return fmt.Errorf("the origin got %q: %q", mark, text)
		}
	}
	for _, need := range a.needs {
		if own && !strings.Contains(text, need) {
			return fmt.Errorf("the origin did not get %q: %q", need, text)
		}
	}
	return nil
}

// judgeAfter sees to it that a connection on which something doubtful came, or
// on which a request broke off, is not used for anybody else.
func (a attack) judgeAfter(o *recorder, after answer) error {
	if after.Response == nil || a.want == forwarded && !a.early {
		return nil
	}
	for _, r := range o.records() {
		if len(r.messages) > 1 && strings.HasPrefix(r.messages[len(r.messages)-1].line, "GET /after ") {
			if !r.messages[0].whole || a.want >= badGateway || a.early {
				return fmt.Errorf("the connection of the attack was used again: %q", r.raw)
			}
		}
	}
	return nil
}

// TestAttacks_AreRefusedOrForwardedHarmlessly runs the table.
func TestAttacks_AreRefusedOrForwardedHarmlessly(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		known := knownFaults[e.name]
		for _, a := range attacks() {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				err := a.run(t, e)
				if reason, listed := known[a.name]; listed {
					require.Error(t, err, "this passes now; take it off the list of known faults, where it says: "+reason)
					return
				}
				require.NoError(t, err, "%s\nsent %q", a.ref, a.send)
			})
		}
	})
}

// attacks are all there are.
func attacks() (all []attack) {
	for _, some := range [][]attack{
		lengthAttacks(), encodingAttacks(), chunkAttacks(), trailerAttacks(), lineAttacks(), fieldAttacks(), targetAttacks(),
		hostAttacks(), flowAttacks(), tunnelAttacks(), expectAttacks(), spoofAttacks(), connectionAttacks(),
		answerHeadAttacks(), answerLengthAttacks(), answerQueueAttacks(),
	} {
		all = append(all, some...)
	}
	return all
}

func TestAttacks_EachHasANameAndAReference(t *testing.T) {
	names := map[string]bool{}
	for _, a := range attacks() {
		require.False(t, names[a.name], "%q is there twice", a.name)
		names[a.name] = true
		require.NotEmpty(t, a.ref, a.name)
		require.NotEmpty(t, a.send, a.name)
	}
	for _, a := range framedAttacks() {
		require.False(t, names["HTTP/2: "+a.name], "%q is there twice", a.name)
		names["HTTP/2: "+a.name] = true
		require.NotEmpty(t, a.ref, a.name)
	}
	for engine, faults := range knownFaults {
		for name, reason := range faults {
			require.True(t, names[name], "%s: no attack is called %q", engine, name)
			require.NotEmpty(t, reason)
		}
	}
}
