package lambda

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// httpAPI is API Gateway's HTTP API with payload version 2.0: header names in
// lower case, repeated headers in one line with commas, cookies apart, and the
// path without its percent-encoding.
type httpAPI struct{}

func (httpAPI) request(e *event) request {
	path := e.rawPath
	if path == "" {
		path = e.context.path
	}
	query := e.rawQuery
	if query == "" {
		query = encodeQuery(e.query)
	}
	return request{
		method:  e.context.method,
		path:    path,
		decoded: true,
		query:   query,
		proto:   e.context.protocol,
		header:  e.header,
		cookies: e.cookies,
		host:    e.context.domainName,
		peer:    e.context.sourceIP,
		body:    e.body,
		base64:  e.base64,
	}
}

// answer gives cookies apart, since one that holds a comma could not be told
// from two on one line.
func (httpAPI) answer(dst []byte, r *response) []byte {
	dst = r.appendStatus(dst)
	dst = r.appendHeaders(dst, allButCookies)
	dst = r.appendCookies(dst)
	return r.appendBody(dst)
}

func (httpAPI) accessors(c *eventContext) (accessorContext, error) {
	var in events.APIGatewayV2HTTPRequestContext
	stageVars, err := c.decode(&in)
	if err != nil {
		return nil, err
	}
	if err := usable(in.HTTP.Method, in.DomainName); err != nil {
		return nil, err
	}
	var library core.RequestAccessorV2
	r, err := library.EventToRequestWithContext(c.Context, events.APIGatewayV2HTTPRequest{
		RawPath: "/", RequestContext: in, StageVariables: stageVars,
	})
	if err != nil {
		return nil, err
	}
	return r.Context(), nil
}
