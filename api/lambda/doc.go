// Package lambda runs an http.Handler behind Lambda events: API Gateway's HTTP
// API (payload 2.0) and REST API (payload 1.0), application load balancers (single
// and multi-value headers) and Function URLs.
//
//	event → shape → request → http.Handler → response → shape's answer
//
// The handler sees what net/http would show it and the shopper gets what
// net/http would send; a suite of tests runs the same handlers both ways. What
// differs does so because the event does not tell:
//
//   - An HTTP API undoes the percent-encoding of the path. It is written again as
//     a browser writes it, so %2F has become a slash, and bytes that are not UTF-8
//     are lost. A REST API decodes the query, which is written again as a form.
//   - Repeated headers come as one line with commas (payload 2.0), and never are
//     they cut at commas: nobody can tell a list from a date. Cookies come as one
//     Cookie line. Repeated response headers go out as one line, Set-Cookie apart.
//   - RemoteAddr has port 0. Options.TrustedHops says whose address it is.
//   - A body is whole before the handler starts, so ContentLength is never -1, and
//     an answer is whole before it leaves, so it has a Content-Length, Flush sends
//     nothing, and there are no trailers and no 1xx. Headers of one connection
//     (Connection, Transfer-Encoding, Upgrade …) travel neither way.
//   - There is no connection to break: where net/http would, the shopper gets 500
//     (panic) or 502 (less than the declared Content-Length, more than Lambda's
//     6 MB), as a JSON problem, and the log says why. http.ErrAbortHandler makes
//     the invocation fail.
//   - r.TLS is nil; X-Forwarded-Proto tells.
//
// Handlers written for aws-lambda-go-api-proxy run unchanged: its accessors, such
// as core.GetAPIGatewayV2ContextFromContext, find their context. The context is
// that of the invocation, with its deadline and trace.
package lambda
