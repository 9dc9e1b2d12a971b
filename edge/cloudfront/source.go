package cloudfront

import (
	"bytes"
	_ "embed" // the functions' source
)

// The functions as they are read and reviewed. What is deployed is the same
// without comments and indentation, so that it stays far below FunctionBytes.
var (
	//go:embed source/function.js
	functionSource []byte
	//go:embed source/response.js
	responseSource []byte
)

// revealLine is the one line of the response function that an option changes.
const revealLine = "const REVEAL_ARM = false;"

func responseFunction(reveal bool) []byte {
	source := responseSource
	if reveal {
		source = bytes.Replace(source, []byte(revealLine), []byte("const REVEAL_ARM = true;"), 1)
	}
	return squeeze(source)
}

// squeeze drops empty lines, indentation, and lines that are a comment. Nothing
// in the sources, which have no text over several lines, means anything else
// without them.
func squeeze(source []byte) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(source) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && !bytes.HasPrefix(line, []byte("//")) {
			b.Write(line)
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}
