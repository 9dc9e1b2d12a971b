// Package report says what came of a rehearsal, to people and to programs: one
// HTML file that opens from a mail, with its charts drawn into it and nothing
// to load or run, and the same as JSON.
//
//	Report → HTML: verdict, sentence, picture | figures | paper | machine
//	       → JSON, which Read takes back
package report
