package publish

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// What the API's refusals mean to those who run Banyan.
var (
	// ErrNoStore: there is no such store, or it is not ready.
	ErrNoStore = errors.New("there is no such key-value store")
	// ErrDenied: the caller may not do this.
	ErrDenied = errors.New("the credentials do not allow this")
	// ErrStoreFull: a quota of the store is exhausted.
	ErrStoreFull = errors.New("the store's quota is exhausted")
)

// outcome is what became of a call.
type outcome uint8

const (
	succeeded  outcome = iota
	conflicted         // somebody else wrote: the ETag is not the store's any more
	throttled          // it was not looked at; the same call may be made again
	uncertain          // it may or may not have been carried out
	refused            // it will be refused again
)

// outcomeOf reads an error of the API. The documentation does not say with what
// a stale ETag is refused: ConflictException is its name, 412 what HTTP has for
// it, and a ValidationException that speaks of the ETag is taken for it too.
func outcomeOf(err error) outcome {
	if err == nil {
		return succeeded
	}
	var (
		conflict *types.ConflictException
		invalid  *types.ValidationException
		api      smithy.APIError
		response *smithyhttp.ResponseError
	)
	status := 0
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	switch {
	case errors.As(err, &conflict), status == http.StatusPreconditionFailed:
		return conflicted
	case errors.As(err, &invalid) && speaksOfETag(invalid.ErrorMessage()):
		return conflicted
	case status == http.StatusTooManyRequests:
		return throttled
	case errors.As(err, &api) && isThrottle(api.ErrorCode()):
		return throttled
	case status >= http.StatusInternalServerError:
		return uncertain
	case status >= http.StatusBadRequest, errors.As(err, &api):
		return refused
	case isLocal(err):
		return refused
	}
	return uncertain
}

func speaksOfETag(message string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, "etag") || strings.Contains(message, "if-match") || strings.Contains(message, "ifmatch")
}

func isThrottle(code string) bool {
	_, ok := retry.DefaultThrottleErrorCodes[code]
	return ok
}

// isLocal reports whether a call never left this machine: no credentials, no
// endpoint, a parameter that the SDK refuses.
func isLocal(err error) bool {
	var (
		send    *smithyhttp.RequestSendError
		decode  *smithy.DeserializationError
		timeout interface{ Timeout() bool }
	)
	if errors.As(err, &send) || errors.As(err, &decode) || errors.As(err, &timeout) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return true
}

// explained gives an error of the SDK its meaning, in few words. The error itself
// is still in it.
func explained(err error) error {
	var (
		missing *types.ResourceNotFoundException
		denied  *types.AccessDeniedException
		full    *types.ServiceQuotaExceededException
	)
	m := &meaning{err: err}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		m.kind = ErrNoStore
	case errors.As(err, &denied):
		m.kind = ErrDenied
	case errors.As(err, &full):
		m.kind = ErrStoreFull
	}
	return m
}

// meaning says what an error of the SDK means, and keeps it.
type meaning struct{ kind, err error }

// Error leaves out what the SDK puts around an error: the operation, which is
// said already, and the address, which is long.
func (m *meaning) Error() string {
	var (
		api  smithy.APIError
		send *smithyhttp.RequestSendError
		at   *url.Error
		what string
	)
	switch {
	case errors.As(m.err, &api):
		what = api.ErrorMessage()
		if m.kind == nil {
			what = strings.TrimSpace(api.ErrorCode() + " " + what)
		}
	case errors.As(m.err, &at):
		what = "no answer from " + hostOf(at.URL) + ": " + at.Err.Error()
	case errors.As(m.err, &send):
		what = send.Err.Error()
	default:
		what = m.err.Error()
	}
	switch {
	case m.kind == nil:
		return what
	case what == "":
		return m.kind.Error()
	}
	return m.kind.Error() + ": " + what
}

// Unwrap returns the kind, where there is one, and the error.
func (m *meaning) Unwrap() []error {
	if m.kind == nil {
		return []error{m.err}
	}
	return []error{m.kind, m.err}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}
