package proxy

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"
)

// Limits are the sizes and time-outs of the edge, on both of its sides. A zero
// field takes the default that its comment gives. There is no time-out on a
// whole request or response, for an upload of an hour and an event stream of a
// day are both in order; what is limited is how long either may stand still.
type Limits struct {
	// HeaderBytes bounds request line and header together, 64 KB. Beyond it
	// the answer is 431 and the connection is closed; a cookie of 64 KB is
	// beyond it, since the line around it counts too.
	HeaderBytes int
	// HeaderFields is how many fields a header may have, 200. Beyond it: 431.
	HeaderFields int
	// HeaderTime is how long a viewer may take over request line and header,
	// and before that over the TLS handshake, 10 s. Then the connection is
	// closed.
	HeaderTime time.Duration
	// ViewerIdle is how long a kept-alive viewer connection may rest, 75 s.
	ViewerIdle time.Duration
	// BodyIdle is how long a request body may stand still, 30 s, and BodyRate
	// the bytes a second, 100, it has to average once BodyIdle has passed
	// twice: one byte now and then is not progress. Beyond either: 408.
	BodyIdle time.Duration
	BodyRate int64
	// WriteStall is how long a viewer may take to accept one piece of an
	// answer, at most 32 KB, 60 s. Then the connection is closed.
	WriteStall time.Duration

	// Connections is how many viewer connections there may be, 10,000. One more
	// takes the place of one that rests; where none does, it is answered 503
	// with Retry-After.
	Connections int
	// Requests is how many requests may be in hand at once, open streams left
	// out, 4,000. Beyond it reads are answered 503 with Retry-After; requests
	// that may write, the checkout among them, are still taken until there are
	// a quarter more.
	Requests int

	// Connect is how long reaching an origin may take, 5 s.
	Connect time.Duration
	// LegacyAnswer is how long legacy may think before the first byte of its
	// answer, 5 minutes: old back offices are slow, and did answer before.
	LegacyAnswer time.Duration
	// ServerlessAnswer is the same for the serverless arm, 29 s: one second
	// less than API Gateway gives a function.
	ServerlessAnswer time.Duration
	// ServerlessBodyBytes bounds a request body on the serverless arm, 6 MB,
	// which is what Lambda takes. Beyond it: 413. Legacy's bodies are
	// streamed and have no limit here.
	ServerlessBodyBytes int64
	// OriginIdle is how long a connection to an origin is kept unused, 4 s:
	// less than the 5 s after which Node and Apache close theirs, so that a
	// write hardly ever meets a connection that is just being closed.
	OriginIdle time.Duration
	// OriginIdleConns is how many such connections are kept, 1024.
	OriginIdleConns int
}

// headerSlop is what net/http reads beyond MaxHeaderBytes before it refuses.
const headerSlop = 4096

// Limits that are nobody's to set.
const (
	originHeaderBytes = 256 << 10             // of an answer
	continueWait      = time.Second           // for an origin's 100 Continue, before the body is sent all the same
	copyBytes         = 32 << 10              // a piece of a body
	keepAliveProbe    = 30 * time.Second      // TCP, to find origins that vanished
	discardTime       = time.Second           // for the rest of a body that an arm did not read
	lingerTime        = time.Second           // for a viewer to read an answer before its connection is closed
	lingerBytes       = 1 << 20               // that it may still send meanwhile
	slowAfter         = 50 * time.Millisecond // what waits for an origin for longer than this looks whether its viewer is still there
	idleLook          = 5 * time.Second       // how often a resting connection is looked at
)

// withDefaults returns the limits with the zero fields filled in.
func (l Limits) withDefaults() Limits {
	l.HeaderBytes = cmp.Or(l.HeaderBytes, 64<<10)
	l.HeaderFields = cmp.Or(l.HeaderFields, 200)
	l.Connections = cmp.Or(l.Connections, 10_000)
	l.Requests = cmp.Or(l.Requests, 4_000)
	l.HeaderTime = cmp.Or(l.HeaderTime, 10*time.Second)
	l.ViewerIdle = cmp.Or(l.ViewerIdle, 75*time.Second)
	l.BodyIdle = cmp.Or(l.BodyIdle, 30*time.Second)
	l.BodyRate = cmp.Or(l.BodyRate, 100)
	l.WriteStall = cmp.Or(l.WriteStall, 60*time.Second)
	l.Connect = cmp.Or(l.Connect, 5*time.Second)
	l.LegacyAnswer = cmp.Or(l.LegacyAnswer, 5*time.Minute)
	l.ServerlessAnswer = cmp.Or(l.ServerlessAnswer, 29*time.Second)
	l.ServerlessBodyBytes = cmp.Or(l.ServerlessBodyBytes, 6<<20)
	l.OriginIdle = cmp.Or(l.OriginIdle, 4*time.Second)
	l.OriginIdleConns = cmp.Or(l.OriginIdleConns, 1024)
	return l
}

// Server returns the server that the edge's handler belongs in: header and
// idle limits are the server's, those of body and answer the Proxy's own.
// OPTIONS * is passed on rather than answered here.
func Server(handler http.Handler, limits Limits, logger *slog.Logger) *http.Server {
	limits = limits.withDefaults()
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:                      handler,
		ReadHeaderTimeout:            limits.HeaderTime,
		IdleTimeout:                  limits.ViewerIdle,
		MaxHeaderBytes:               max(limits.HeaderBytes-headerSlop, 1),
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
