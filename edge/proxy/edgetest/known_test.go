package edgetest

// knownFaults are the attacks that an engine is known to take otherwise than
// the table has it: by engine, by the attack's name, the reason.
var knownFaults = map[string]map[string]string{
	"fast":  {},
	"plain": faultsOf(plainFaults),
}

// fault is one reason, and the attacks it lets through.
type fault struct {
	reason  string
	attacks []string
}

// faultsOf turns a list by reason into one by attack.
func faultsOf(list []fault) map[string]string {
	all := map[string]string{}
	for _, f := range list {
		for _, name := range f.attacks {
			all[name] = f.reason
		}
	}
	return all
}

// plainFaults are those of net/http's server, which the plain engine stands on.
// None of them lets an origin see a request that the table has not decided, nor
// one that can be read in two ways.
var plainFaults = []fault{
	{"net/http takes the encoding and drops the length, as RFC 9112 §6.3 allows, instead of refusing both", []string{
		"CL.TE", "TE.CL", "encoding in capitals", "encoding chunked after a tab", "tunnel of a request with a length and an encoding"}},
	{"net/http takes two lengths that are alike for one", []string{"length twice, alike"}},
	{"net/http does not see an encoding in HTTP/1.0, and takes the body for the next request", []string{
		"encoding in HTTP/1.0", "encoding in HTTP/1.0 with a length"}},
	{"net/http unfolds folded lines, and forwards one", []string{
		"field folded by a space", "field folded by a tab", "field folded, empty", "field folded to hide a length", "encoding folded",
		"encoding alone folded", "length twice, one in a fold", "0.CL by a folded length", "host folded", "expect folded",
		"expect folded to hide a length", "trailer folded"}},
	{"net/http ends a line at a bare LF, and forwards CRLF", []string{
		"line ends all bare LF", "line end of the first bare LF", "line end of a field bare LF", "line end of the head bare LF",
		"line end of the head two bare LF", "line of gunicorn: LF LF in a value", "encoding after a bare LF", "trailer after a bare LF",
		"chunk the last one before CRLF and a bare LF"}},
	{"net/http drops a chunk's extension without reading it", []string{
		"chunk a quote that does not end", "chunk a line end within quotes", "chunk a NUL in an extension", "chunk an extension without a name"}},
	{"net/http trims space behind a chunk's size", []string{"chunk size before a space", "chunk size before a tab"}},
	{"net/http takes a space before a trailer's colon for a part of its name", []string{"trailer with a space before the colon"}},
	{"net/http takes every version 1.x", []string{"line first with version 1.2"}},
}
