package proxy

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strings"
)

// Trace is a traceparent as W3C Trace Context has it:
// 00-<32 hex trace id>-<16 hex span id>-<2 hex flags>.
type Trace string

// The parts of a traceparent.
const (
	traceLength = 55
	idStart     = 3
	idEnd       = 35
	spanEnd     = 52
)

// ID returns the trace id, the same in every hop's log.
func (t Trace) ID() string {
	if len(t) < idEnd {
		return ""
	}
	return string(t[idStart:idEnd])
}

// TraceFrom returns the trace of the request that a context belongs to, for a
// serverless arm in this process; empty where there is none.
func TraceFrom(ctx context.Context) Trace {
	if x := exchangeOf(ctx); x != nil {
		return x.trace
	}
	return ""
}

// readTrace continues the trace that a trusted hop began, or begins one.
func (p *Proxy) readTrace(r *http.Request, trusted bool) Trace {
	given := ""
	if lines := r.Header["Traceparent"]; trusted && len(lines) == 1 {
		given = lines[0]
	}
	return Trace(appendTrace(make([]byte, 0, traceLength), given))
}

// appendTrace writes a traceparent that continues the given one, if that is
// valid. Trace ids are no secrets: the fast generator does.
func appendTrace(b []byte, given string) []byte {
	var span [8]byte
	binary.BigEndian.PutUint64(span[:], rand.Uint64()|1) // all zeros would be invalid
	if validTrace(given) {
		b = append(append(b, "00"...), given[2:idEnd+1]...)
		return append(hex.AppendEncode(b, span[:]), given[spanEnd:traceLength]...)
	}
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()|1)
	b = append(hex.AppendEncode(append(b, "00-"...), id[:]), '-')
	return append(hex.AppendEncode(b, span[:]), "-01"...)
}

// validTrace reports whether a traceparent can be continued. Later versions
// may be longer, and begin alike.
func validTrace(t string) bool {
	if len(t) < traceLength || t[2] != '-' || t[idEnd] != '-' || t[spanEnd] != '-' {
		return false
	}
	if len(t) > traceLength && (t[:2] == "00" || t[traceLength] != '-') {
		return false
	}
	version, id, span, flags := t[:2], t[idStart:idEnd], t[idEnd+1:spanEnd], t[spanEnd+1:traceLength]
	return lowerHex(version) && version != "ff" &&
		lowerHex(id) && strings.Trim(id, "0") != "" &&
		lowerHex(span) && strings.Trim(span, "0") != "" &&
		lowerHex(flags)
}

// lowerHex reports whether text is hexadecimal without capitals.
func lowerHex(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
