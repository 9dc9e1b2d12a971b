// Package http1 reads the wire form of HTTP/1.0 and HTTP/1.1 (RFC 9112), and
// takes nothing that two readers could read differently.
//
// It works on bytes that the caller has read, holds places in them instead of
// copies, and does no I/O: Request.Parse and Response.Parse read a head,
// Chunks a chunked body. A value is used again and again; once its slices have
// grown, parsing allocates nothing.
//
// What is refused, each with the error that says so: a bare CR or LF, a folded
// line, a space before the colon or around a name, a control byte, two lengths,
// a length beside a transfer coding, a coding other than chunked, a chunk size
// or extension that is not exactly one, a target that is neither a path nor the
// * of OPTIONS, a Host that is missing, twice or not one.
package http1
