// Package startup measures how long the Lambda entries take from the start of
// their process to the first call for an event, and how large they are, beside
// a hello-world function, in turn in one run:
//
//	go test -run '^$' -bench Startup ./loadtest/startup
package startup
