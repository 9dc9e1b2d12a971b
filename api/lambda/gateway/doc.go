// Package gateway is API Gateway's HTTP API, small enough to run in process: it
// turns a request into the JSON event of payload version 2.0, has a function
// answer it, and turns the JSON of the answer back into HTTP.
//
//	request → event → Invoke → answer → response
//
// It is how "banyan up" runs the very code that Lambda runs, so it does to a
// request what the HTTP API does, the unpleasant things included: header names
// go lower-case, repeated headers become one line with commas, cookies are
// split out, the path loses its percent-encoding, an event has room for 6 MB and
// the request line and headers for 10,240 bytes, and an answer is waited for
// 30 seconds. A client that goes away does not stop the function.
//
// In one thing it differs on purpose: where the function fails or answers
// nonsense, the gateway says 502, so that the edge can tell it from a 500 that
// the function meant. The HTTP API says 500 to both.
package gateway
