package lambda

import (
	"net/http"
	"strconv"

	"github.com/banyan-edge/banyan/api/lambda/internal/eventjson"
)

// problem is the adapter's own answer, where the handler has none to give
// (RFC 9457).
func problem(status int, detail string) *response {
	body := eventjson.AppendField([]byte{'{'}, "type", "about:blank")
	body = eventjson.AppendField(body, "title", http.StatusText(status))
	body = strconv.AppendInt(eventjson.AppendName(body, "status"), int64(status), 10)
	body = append(eventjson.AppendField(body, "detail", detail), '}')
	return &response{
		status: status,
		header: []field{
			{"Content-Type", []string{"application/problem+json"}},
			{"Content-Length", []string{strconv.Itoa(len(body))}},
		},
		body: body,
	}
}
