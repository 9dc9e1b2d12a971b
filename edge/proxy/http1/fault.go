package http1

import "errors"

// ErrIncomplete says that the bytes end before the message does: read on.
var ErrIncomplete = errors.New("http1: the message is not complete")

// Fault is why a message is refused. It is one of the variables below.
type Fault struct {
	Status int    // what a viewer that sent it is answered
	Reason string // a word for log and metrics
	text   string
}

// Error says the fault in words.
func (f *Fault) Error() string { return "http1: " + f.text }

// The faults, with the rule of RFC 9112 (or 9110) that each of them breaks.
var (
	ErrLineEnd   = &Fault{400, "line-end", "a line does not end with CRLF (§2.2)"}
	ErrStartLine = &Fault{400, "start-line", "the first line is not that of an HTTP/1 message (§3, §4)"}
	ErrVersion   = &Fault{505, "version", "the version is not HTTP/1.0 or HTTP/1.1 (§2.3)"}
	ErrTarget    = &Fault{400, "target", "the target is not a path (§3.2.1), nor the * of OPTIONS (§3.2.4)"}
	ErrHost      = &Fault{400, "host", "Host is missing, there twice, or not a host (§3.2)"}
	ErrFieldName = &Fault{400, "field-name", "a field's name is not a token followed by a colon (§5.1)"}
	ErrFold      = &Fault{400, "fold", "a field is folded over several lines (§5.2)"}
	ErrValue     = &Fault{400, "field-value", "a field's value has a control byte (RFC 9110 §5.5)"}
	ErrLength    = &Fault{400, "length", "Content-Length is not one number (§6.3)"}
	ErrBoth      = &Fault{400, "both-lengths", "Content-Length stands beside Transfer-Encoding (§6.1)"}
	ErrCoding    = &Fault{400, "coding", "Transfer-Encoding is not chunked, once, in HTTP/1.1 (§6.1)"}
	ErrChunk     = &Fault{400, "chunk", "a chunk does not have the form of §7.1"}
	ErrTooMany   = &Fault{431, "too-many-fields", "there are more header fields than the limit"}
	ErrTooLarge  = &Fault{431, "too-large", "the head is larger than the limit"}
)
