package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// hit is what matters of a line.
type hit struct {
	at           time.Time
	method, path string
}

// errLine: the line is in no form that is known.
var errLine = errors.New("not a line of an access log")

// clfTime is the time of the common log form.
const clfTime = "02/Jan/2006:15:04:05 -0700"

// parse reads one line.
func parse(text []byte) (hit, error) {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == '{' {
		return parseJSON(text)
	}
	return parseCommon(text)
}

// parseCommon reads the time in the first [brackets] and the request in the
// first "quotes" after it.
func parseCommon(text []byte) (hit, error) {
	_, rest, found := bytes.Cut(text, []byte("["))
	stamp, rest, closed := bytes.Cut(rest, []byte("]"))
	if !found || !closed {
		return hit{}, errLine
	}
	at, err := time.Parse(clfTime, string(stamp))
	if err != nil {
		return hit{}, errLine
	}
	_, rest, found = bytes.Cut(rest, []byte(`"`))
	request, _, closed := bytes.Cut(rest, []byte(`"`))
	if !found || !closed {
		return hit{}, errLine
	}
	method, path, ok := cutRequest(string(request))
	if !ok {
		return hit{}, errLine
	}
	return hit{at, method, path}, nil
}

// cutRequest reads "GET /shop HTTP/1.1".
func cutRequest(request string) (method, path string, ok bool) {
	method, rest, found := strings.Cut(request, " ")
	path, _, _ = strings.Cut(rest, " ")
	return method, path, found && method != "" && method == strings.ToUpper(method) && path != ""
}

// The names that servers give to what matters, in the order in which they are
// looked for.
var (
	timeKeys   = []string{"time", "@timestamp", "timestamp", "ts", "time_iso8601", "time_local", "start_time", "StartUTC", "msec"}
	methodKeys = []string{"method", "request_method", "http_method", "RequestMethod", "verb"}
	pathKeys   = []string{"path", "uri", "request_uri", "url", "RequestPath", "http_path"}
	lineKeys   = []string{"request", "request_line"} // "GET /shop HTTP/1.1", or an object with the above (Caddy)
)

func parseJSON(text []byte) (hit, error) {
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return hit{}, errLine
	}
	at, ok := timeOf(first(fields, timeKeys))
	if !ok {
		return hit{}, errLine
	}
	if line, isText := first(fields, lineKeys).(string); isText {
		if method, path, ok := cutRequest(line); ok {
			return hit{at, method, path}, nil
		}
	}
	if inner, isObject := first(fields, lineKeys).(map[string]any); isObject {
		fields = inner
	}
	method, _ := first(fields, methodKeys).(string)
	path, _ := first(fields, pathKeys).(string)
	if method == "" || path == "" {
		return hit{}, errLine
	}
	return hit{at, strings.ToUpper(method), path}, nil
}

func first(fields map[string]any, keys []string) any {
	for _, k := range keys {
		if v, there := fields[k]; there {
			return v
		}
	}
	return nil
}

// timeOf reads RFC 3339, the common form, or seconds (or milliseconds) since
// 1970.
func timeOf(v any) (time.Time, bool) {
	switch v := v.(type) {
	case float64:
		return sinceEpoch(v)
	case string:
		for _, form := range []string{time.RFC3339Nano, clfTime, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05"} {
			if at, err := time.Parse(form, v); err == nil {
				return at, true
			}
		}
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return sinceEpoch(n)
		}
	}
	return time.Time{}, false
}

// sinceEpoch takes what would be the year 5138 in seconds for milliseconds.
func sinceEpoch(n float64) (time.Time, bool) {
	if n > 1e11 {
		n /= 1000
	}
	whole, part := math.Modf(n)
	return time.Unix(int64(whole), int64(part*1e9)), n > 0 && n < 1e11
}
