package lambda

import (
	"errors"
	"fmt"
	"strings"

	"github.com/banyan-edge/banyan/api/lambda/internal/eventjson"
)

// ErrUnknownEvent is returned for a payload that is none of the events that
// carry an HTTP request.
var ErrUnknownEvent = errors.New("the event is none of: API Gateway HTTP API (payload 2.0), API Gateway REST API (payload 1.0), ALB target group, Lambda Function URL")

// shape is one kind of event: how it carries a request and wants its answer.
type shape interface {
	// request makes the neutral form of the event's request.
	request(e *event) request
	// answer appends the JSON of r to dst.
	answer(dst []byte, r *response) []byte
	// accessors is the context that aws-lambda-go-api-proxy gives its handlers.
	accessors(c *eventContext) (accessorContext, error)
}

// event is what is read of an event: the fields of all shapes together, because
// which shape it is can be said only at its end and it is read only once.
type event struct {
	version      string
	method, path string // payload 1.0 and ALB
	rawPath      string // payload 2.0
	rawQuery     string
	header       []pair
	multiHeader  []pair
	query        []pair
	multiQuery   []pair
	cookies      []string
	body         string
	base64       bool
	context      requestContext
	stageVars    string // JSON

	hasMultiHeader bool // even if it is empty
}

// pair is one field of a JSON object, in the order in which it stood there.
type pair struct{ name, value string }

// requestContext is what is read of an event's requestContext.
type requestContext struct {
	json       string // the whole, for the accessors
	domainName string
	protocol   string
	method     string
	path       string
	sourceIP   string
	http       bool // it has an http object
	elb        bool // it has an elb object
}

// shape tells which of the shapes the event has.
func (e *event) shape() (shape, error) {
	switch {
	case e.context.elb && e.method != "":
		return alb{multi: e.hasMultiHeader}, nil
	case e.context.http && strings.Contains(e.context.domainName, ".lambda-url."):
		return functionURL{}, nil
	case e.context.http:
		return httpAPI{}, nil
	case e.method != "" && e.context.json != "":
		return restAPI{}, nil
	}
	return nil, ErrUnknownEvent
}

func readEvent(payload []byte) (*event, error) {
	e := &event{}
	r := eventjson.NewReader(string(payload))
	if r.Kind() != '{' {
		return nil, ErrUnknownEvent
	}
	var at string
	err := r.Object(func(name string) (err error) {
		at = name
		return e.read(&r, name)
	})
	if err != nil && at != "" {
		err = fmt.Errorf("read event at %q: %w", at, err)
	}
	if err == nil {
		err = r.End()
	}
	return e, err
}

func (e *event) read(r *eventjson.Reader, name string) (err error) {
	switch name {
	case "version":
		e.version, err = r.Text()
	case "httpMethod":
		e.method, err = r.Text()
	case "path":
		e.path, err = r.Text()
	case "rawPath":
		e.rawPath, err = r.Text()
	case "rawQueryString":
		e.rawQuery, err = r.Text()
	case "headers":
		e.header, err = readPairs(r)
	case "multiValueHeaders":
		e.hasMultiHeader = r.Kind() == '{'
		e.multiHeader, err = readMultiPairs(r)
	case "queryStringParameters":
		e.query, err = readPairs(r)
	case "multiValueQueryStringParameters":
		e.multiQuery, err = readMultiPairs(r)
	case "cookies":
		e.cookies, err = readTexts(r)
	case "body":
		e.body, err = r.Text()
	case "isBase64Encoded":
		e.base64, err = r.Flag()
	case "requestContext":
		err = e.context.read(r)
	case "stageVariables":
		e.stageVars, err = r.Raw()
	default:
		err = r.Skip()
	}
	return err
}

func (c *requestContext) read(r *eventjson.Reader) (err error) {
	c.json, err = r.Capture(func() error {
		return r.Object(func(name string) error { return c.readField(r, name) })
	})
	return err
}

func (c *requestContext) readField(r *eventjson.Reader, name string) (err error) {
	switch name {
	case "domainName":
		c.domainName, err = r.Text()
	case "protocol":
		c.protocol, err = r.Text()
	case "http":
		c.http = r.Kind() == '{'
		err = r.Object(func(name string) error { return c.readHTTP(r, name) })
	case "identity":
		err = r.Object(func(name string) error { return c.readHTTP(r, name) })
	case "elb":
		c.elb = r.Kind() == '{'
		err = r.Skip()
	default:
		err = r.Skip()
	}
	return err
}

// readHTTP reads a field of http (payload 2.0) or of identity (payload 1.0).
func (c *requestContext) readHTTP(r *eventjson.Reader, name string) (err error) {
	switch name {
	case "method":
		c.method, err = r.Text()
	case "path":
		c.path, err = r.Text()
	case "protocol":
		c.protocol, err = r.Text()
	case "sourceIp":
		c.sourceIP, err = r.Text()
	default:
		err = r.Skip()
	}
	return err
}

func readPairs(r *eventjson.Reader) (pairs []pair, err error) {
	if r.Kind() == '{' {
		pairs = make([]pair, 0, 16)
	}
	err = r.Object(func(name string) error {
		value, err := r.Text()
		pairs = append(pairs, pair{name, value})
		return err
	})
	return pairs, err
}

// readMultiPairs makes one pair of each value of a name.
func readMultiPairs(r *eventjson.Reader) (pairs []pair, err error) {
	err = r.Object(func(name string) error {
		return r.Array(func() error {
			value, err := r.Text()
			pairs = append(pairs, pair{name, value})
			return err
		})
	})
	return pairs, err
}

func readTexts(r *eventjson.Reader) (texts []string, err error) {
	if r.Kind() == '[' {
		texts = make([]string, 0, 8)
	}
	err = r.Array(func() error {
		text, err := r.Text()
		texts = append(texts, text)
		return err
	})
	return texts, err
}
