package awstest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// changeSets has moto work out a stack's outputs when a change set is executed:
// moto does so only when a stack is updated. So the stack is updated to what it
// is already.
type changeSets struct {
	mu      sync.Mutex
	created map[string]url.Values // the last call that made a change set, by stack
}

// note reads a call to CloudFormation and returns what is to be called after it,
// or nil. The request's body can be read again.
func (c *changeSets) note(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read a call: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, nil // none of CloudFormation's
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch call.Get("Action") {
	case "CreateChangeSet":
		c.created[stackName(call)] = call
	case "ExecuteChangeSet":
		return update(c.created[stackName(call)]), nil
	}
	return nil, nil
}

// stackName is the name in a stack's id, or the name itself.
func stackName(call url.Values) string {
	name := call.Get("StackName")
	if parts := strings.Split(name, "/"); strings.HasPrefix(name, "arn:") && len(parts) == 3 {
		return parts[1]
	}
	return name
}

// update is the call that updates a stack to what a change set made of it.
func update(created url.Values) url.Values {
	if created == nil {
		return nil
	}
	call := url.Values{"Action": {"UpdateStack"}, "Version": created["Version"], "StackName": {stackName(created)}}
	for name, values := range created {
		for _, kept := range []string{"Parameters.", "Tags.", "Capabilities.", "TemplateBody", "TemplateURL"} {
			if strings.HasPrefix(name, kept) {
				call[name] = values
			}
		}
	}
	return call
}

// follow makes a call after another.
func (g *gate) follow(call url.Values, first *http.Response) error {
	if first.StatusCode != http.StatusOK {
		return nil
	}
	r, err := http.NewRequest(http.MethodPost, g.behind.String(), strings.NewReader(call.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	for _, name := range []string{"Authorization", "X-Amz-Date", "User-Agent"} { // they say which region
		r.Header[name] = first.Request.Header[name]
	}
	resp, err := g.inner.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("update stack %s: %s %s %w", call.Get("StackName"), resp.Status, text, err)
	}
	return nil
}
