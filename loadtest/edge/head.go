//go:build linux

package main

import (
	"bytes"
	"errors"
	"strconv"
)

// errHead is a request or an answer that the rig's own ends do not understand;
// it ends the run, because what would be measured is not what was meant.
var errHead = errors.New("a head without what the rig needs of it")

var lengthName = []byte("content-length")

// contentLength returns the Content-Length of a head, whose lines all end in
// CRLF.
func contentLength(head []byte) (int, error) {
	for len(head) > 0 {
		end := bytes.Index(head, []byte("\r\n"))
		if end < 0 {
			break
		}
		line := head[:end]
		head = head[end+2:]
		if len(line) <= len(lengthName) || line[len(lengthName)] != ':' || !bytes.EqualFold(line[:len(lengthName)], lengthName) {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(line[len(lengthName)+1:])))
		if err != nil || n < 0 {
			return 0, errHead
		}
		return n, nil
	}
	return 0, errHead
}
