package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// accessorHeaders is how the names of the headers begin in which
// aws-lambda-go-api-proxy may hand the event's context to a handler.
const accessorHeaders = "X-Golambdaproxy-"

// accessorContext is a context in which the accessors of
// aws-lambda-go-api-proxy find what they look for.
type accessorContext = context.Context

// eventContext is the context of a handler's request. It answers the accessors
// of aws-lambda-go-api-proxy, such as core.GetAPIGatewayV2ContextFromContext;
// the event's requestContext is decoded when the first of them asks, since most
// requests never do.
type eventContext struct {
	context.Context
	key   any
	event *event
	shape shape

	once     sync.Once
	accessed accessorContext
}

// Value returns the library's own value for the library's own key.
func (c *eventContext) Value(key any) any {
	if key != c.key {
		return c.Context.Value(key)
	}
	c.once.Do(func() {
		accessed, err := c.shape.accessors(c)
		if err != nil {
			accessed = c.Context // the accessors then say that there is nothing
		}
		c.accessed = accessed
	})
	return c.accessed.Value(key)
}

// decode decodes the event's requestContext into the type of aws-lambda-go, and
// its stage variables.
func (c *eventContext) decode(into any) (stageVars map[string]string, err error) {
	if err := json.Unmarshal([]byte(c.event.context.json), into); err != nil {
		return nil, fmt.Errorf("decode request context: %w", err)
	}
	if c.event.stageVars == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(c.event.stageVars), &stageVars); err != nil {
		return nil, fmt.Errorf("decode stage variables: %w", err)
	}
	return stageVars, nil
}

// accessorKey finds the key under which aws-lambda-go-api-proxy keeps its
// context. Its type is not exported, so it is learnt by letting the library ask.
func accessorKey() any {
	l := &keyListener{Context: context.Background()}
	core.GetAPIGatewayV2ContextFromContext(l)
	return l.heard
}

type keyListener struct {
	context.Context
	heard any
}

func (l *keyListener) Value(key any) any {
	l.heard = key
	return nil
}

// usable keeps from the library what it would refuse: it prints its refusals.
func usable(method, domain string) error {
	_, err := http.NewRequest(method, "https://"+domain+"/", nil)
	return err
}
