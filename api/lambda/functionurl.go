package lambda

// functionURL is a Lambda Function URL. Its event is that of payload 2.0, but
// its path keeps the percent-encoding.
type functionURL struct{ httpAPI }

func (u functionURL) request(e *event) request {
	q := u.httpAPI.request(e)
	q.decoded = false
	return q
}
