package lambda

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// alb is an Application Load Balancer with a Lambda target group. The target
// group either gives single values or, with multi_value_headers.enabled, lists,
// and wants its answer in the same form. Nothing in its event is decoded, the
// query parameters included.
type alb struct{ multi bool }

func (s alb) request(e *event) request {
	header, query := e.header, e.query
	if s.multi {
		header, query = e.multiHeader, e.multiQuery
	}
	return request{
		method: e.method,
		path:   e.path,
		query:  joinQuery(query),
		header: header,
		body:   e.body,
		base64: e.base64,
	}
}

func (s alb) answer(dst []byte, r *response) []byte {
	dst = r.appendStatus(dst)
	dst = r.appendStatusLine(dst)
	if s.multi {
		dst = r.appendMultiHeaders(dst)
	} else {
		dst = r.appendHeaders(dst, cookiesInOddCase)
	}
	return r.appendBody(dst)
}

func (alb) accessors(c *eventContext) (accessorContext, error) {
	var in events.ALBTargetGroupRequestContext
	if _, err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := usable(c.event.method, ""); err != nil {
		return nil, err
	}
	var library core.RequestAccessorALB
	r, err := library.EventToRequestWithContext(c.Context, events.ALBTargetGroupRequest{
		HTTPMethod: c.event.method, Path: "/", RequestContext: in,
	})
	if err != nil {
		return nil, err
	}
	return r.Context(), nil
}

// joinQuery writes query parameters that were never decoded.
func joinQuery(query []pair) string {
	var out []byte
	for i, p := range query {
		if i > 0 {
			out = append(out, '&')
		}
		out = append(append(append(out, p.name...), '='), p.value...)
	}
	return string(out)
}
