package replay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// finding is what a lookup says.
type finding uint8

const (
	unsure  finding = iota // the lookup failed, and is asked again
	found                  // legacy has it
	missing                // legacy does not have it
	useless                // no lookup can tell
)

// errNoDatabase: a lookup by SQL, and nothing to ask.
var errNoDatabase = errors.New("no legacy.database is configured")

// find asks legacy whether it has carried a capture out. With useless and
// unsure goes the reason. It holds a connection of its own.
func (j *job) find(ctx context.Context, rule route.Route) (said finding, err error) {
	lookup := rule.FoundBy
	if lookup == nil {
		return useless, fmt.Errorf("the route %s has no found_by", j.c.Rule)
	}
	var stencil route.Stencil
	if lookup.SQL != "" {
		stencil = lookup.Query()
	} else {
		_, stencil = lookup.Target()
	}
	list, err := values(j.c, stencil.Fields)
	if err != nil {
		return useless, err
	}
	end, err := j.acquire("lookup")
	if err != nil {
		return unsure, err
	}
	defer func() { end(err) }() // what was not answered is an error, and only that
	ctx, cancel := context.WithTimeout(ctx, j.options.LookupTimeout)
	defer cancel()
	if lookup.SQL != "" {
		return j.findBySQL(ctx, stencil, list)
	}
	return j.findByRequest(ctx, lookup, stencil, list)
}

func (j *job) findBySQL(ctx context.Context, query route.Stencil, list []string) (finding, error) {
	if j.options.Database == nil {
		return unsure, errNoDatabase
	}
	there, err := j.options.Database.Found(ctx, query, list)
	switch {
	case err != nil:
		return unsure, fmt.Errorf("look it up in legacy's database: %w", err)
	case there:
		return found, nil
	}
	return missing, nil
}

// findByRequest asks with the shopper's own cookies. Only 404, 410 and a
// success other than the one wanted say that legacy does not have it: a login
// page or a full shop says nothing.
func (j *job) findByRequest(ctx context.Context, lookup *route.Lookup, target route.Stencil, list []string) (finding, error) {
	method, _ := lookup.Target()
	text, err := fill(target, list)
	if err != nil {
		return useless, err
	}
	header := j.c.Header.Clone()
	for _, name := range []string{"Content-Type", "Content-Encoding", "Idempotency-Key", "If-Match", "If-None-Match", "Range"} {
		header.Del(name)
	}
	d := j.sender.ask(ctx, j.c, question{method: method, target: text, header: header})
	want := lookup.Status
	if want == 0 {
		want = http.StatusOK
	}
	switch {
	case d.err != nil:
		return unsure, fmt.Errorf("look it up at legacy: %w", d.err)
	case d.answer.Status == want:
		return found, nil
	case d.answer.Status == http.StatusNotFound, d.answer.Status == http.StatusGone, d.answer.Status < http.StatusMultipleChoices:
		return missing, nil
	}
	return unsure, fmt.Errorf("legacy answered the lookup with %d", d.answer.Status)
}

// fill puts the values into a request target, so escaped that none can reach
// beyond its place.
func fill(target route.Stencil, list []string) (string, error) {
	inQuery, bad := false, route.Field("")
	text := target.Render(func(n int) string {
		inQuery = inQuery || strings.Contains(target.Pieces[n-1], "?")
		value := list[n-1]
		switch {
		case inQuery:
			return url.QueryEscape(value)
		case value == "" || strings.Trim(value, ".") == "":
			bad = target.Fields[n-1]
		}
		return url.PathEscape(value)
	})
	if bad != "" {
		return "", &fieldError{bad}
	}
	return text, nil
}
