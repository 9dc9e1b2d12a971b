package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// AccessLog writes a line for each request, as slog's JSON handler writes the
// same line, for a tenth of what that costs. Lines are kept together until
// there are 256 KB of them, or a quarter of a second has passed; Flush writes the
// rest.
type AccessLog struct {
	mu     sync.Mutex
	to     io.Writer
	lines  []byte
	second int64  // the lines' time is written once a second
	stamp  []byte // as far as that
	timer  *time.Timer
	armed  bool
	err    error
}

const (
	logBytes = 256 << 10
	logDelay = 250 * time.Millisecond
)

// NewAccessLog returns an access log that writes to w, and whole lines only.
func NewAccessLog(w io.Writer) *AccessLog {
	return &AccessLog{to: w, lines: make([]byte, 0, logBytes)}
}

// LogHandler is slog's JSON handler, together with an access log to the same
// writer: a Proxy whose Logger has it writes the lines of requests there.
type LogHandler struct {
	*slog.JSONHandler
	access *AccessLog
}

// NewLogHandler returns a handler that writes to w.
func NewLogHandler(w io.Writer, options *slog.HandlerOptions) *LogHandler {
	return &LogHandler{slog.NewJSONHandler(w, options), NewAccessLog(w)}
}

// accessLogOf returns the access log that a logger brings with it, or nil.
func accessLogOf(log *slog.Logger) *AccessLog {
	if h, ok := log.Handler().(*LogHandler); ok && log.Enabled(noContext, slog.LevelInfo) {
		return h.access
	}
	return nil
}

// Flush writes what has been kept. It returns the first error of any write.
func (l *AccessLog) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	return l.err
}

func (l *AccessLog) flush() {
	if l.armed {
		l.timer.Stop()
		l.armed = false
	}
	if len(l.lines) == 0 {
		return
	}
	if _, err := l.to.Write(l.lines); err != nil && l.err == nil {
		l.err = fmt.Errorf("access log: %w", err)
	}
	l.lines = l.lines[:0]
}

// write adds the line of an exchange that ended.
func (l *AccessLog) write(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.appendTime(l.lines, e.ended)
	b = appendText(append(b, `","level":"INFO","msg":"request","method":"`...), e.method)
	b = appendText(append(b, `","path":"`...), e.path)
	b = strconv.AppendInt(append(b, `","status":`...), int64(e.status), 10)
	b = append(append(b, `,"arm":"`...), e.arm.String()...)
	b = appendText(append(b, `","rule":"`...), e.decision.Rule)
	b = append(append(b, `","reason":"`...), e.decision.Reason.String()...)
	b = strconv.AppendUint(append(b, `","epoch":`...), e.decision.Epoch, 10)
	b = strconv.AppendInt(append(b, `,"took":`...), int64(e.took), 10)
	b = append(append(b, `,"trace_id":"`...), e.traceID...)
	b = strconv.AppendInt(append(b, `","bytes":`...), e.bytes, 10)
	b = e.fellBack.append(b, `,"fallback":"`)
	b = e.failure.append(b, `,"outcome":"`)
	if e.cutShort() {
		b = append(b, `,"outcome":"`+cutShort+`"`...)
	}
	l.lines = append(b, "}\n"...)
	if len(l.lines) >= logBytes-(logBytes>>4) {
		l.flush()
	} else if !l.armed {
		l.arm()
	}
}

// arm sees to it that the lines are not kept for long.
func (l *AccessLog) arm() {
	l.armed = true
	if l.timer == nil {
		l.timer = time.AfterFunc(logDelay, func() { _ = l.Flush() })
	} else {
		l.timer.Reset(logDelay)
	}
}

// appendTime begins a line.
func (l *AccessLog) appendTime(b []byte, now time.Time) []byte {
	if second := now.Unix(); second != l.second {
		l.second = second
		l.stamp = now.AppendFormat(append(l.stamp[:0], `{"time":"`...), "2006-01-02T15:04:05")
	}
	b = append(b, l.stamp...)
	nano := now.Nanosecond()
	digits := [10]byte{'.'}
	for i := 9; i > 0; i-- {
		digits[i] = byte('0' + nano%10)
		nano /= 10
	}
	b = append(b, digits[:]...)
	if _, offset := now.Zone(); offset == 0 {
		return append(b, 'Z')
	}
	return now.AppendFormat(b, "-07:00")
}

// append adds what failed, and how.
func (f failure) append(b []byte, key string) []byte {
	if f.cause == answered {
		return b
	}
	b = append(append(append(b, key...), f.cause.String()...), '"')
	if f.err != nil {
		b = append(appendText(append(b, `,"error":"`...), f.err.Error()), '"')
	}
	return b
}

// appendText writes text as it stands between the quotes of a JSON string.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text)
			return append(b, quoted[1:len(quoted)-1]...)
		}
	}
	return append(b, text...)
}
