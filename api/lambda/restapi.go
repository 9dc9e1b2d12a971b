package lambda

import (
	"net/url"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// restAPI is API Gateway's REST API, and an HTTP API with payload version 1.0:
// headers and query parameters once as single values and once as lists, the
// query parameters decoded.
type restAPI struct{}

func (restAPI) request(e *event) request {
	header, query := e.multiHeader, e.multiQuery
	if len(header) == 0 {
		header = e.header
	}
	if len(query) == 0 {
		query = e.query
	}
	return request{
		method: e.method,
		path:   e.path,
		// An HTTP API says "version": "1.0" and decodes the path; a REST API says
		// nothing and does not.
		decoded: e.version == "1.0",
		query:   encodeQuery(query),
		proto:   e.context.protocol,
		header:  header,
		host:    e.context.domainName,
		peer:    e.context.sourceIP,
		body:    e.body,
		base64:  e.base64,
	}
}

func (restAPI) answer(dst []byte, r *response) []byte {
	dst = r.appendStatus(dst)
	dst = r.appendMultiHeaders(dst)
	return r.appendBody(dst)
}

func (restAPI) accessors(c *eventContext) (accessorContext, error) {
	var in events.APIGatewayProxyRequestContext
	stageVars, err := c.decode(&in)
	if err != nil {
		return nil, err
	}
	if err := usable(c.event.method, in.DomainName); err != nil {
		return nil, err
	}
	var library core.RequestAccessor
	r, err := library.EventToRequestWithContext(c.Context, events.APIGatewayProxyRequest{
		HTTPMethod: c.event.method, Path: "/", RequestContext: in, StageVariables: stageVars,
	})
	if err != nil {
		return nil, err
	}
	return r.Context(), nil
}

// encodeQuery writes query parameters as a form does, in the event's order.
func encodeQuery(query []pair) string {
	var out []byte
	for i, p := range query {
		if i > 0 {
			out = append(out, '&')
		}
		out = append(out, url.QueryEscape(p.name)...)
		out = append(out, '=')
		out = append(out, url.QueryEscape(p.value)...)
	}
	return string(out)
}
