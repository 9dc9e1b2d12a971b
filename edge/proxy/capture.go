package proxy

import (
	"net/http"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// FollowPath is where the pages of captured requests are. It is Banyan's own,
// whatever the table says.
const FollowPath = "/.banyan/requests/"

// Capture keeps requests that may write, and replays them to legacy (a route
// to the queue). What it is given has its headers as legacy is to get them:
// forwarded addresses and trace as the edge knows them, nothing that concerns
// one connection only.
type Capture interface {
	// Capture answers a request for which the table decided Decision.Capture.
	// Where the viewer's own body cannot be read it writes nothing.
	Capture(http.ResponseWriter, *http.Request, route.Decision)
	// Follow answers what is asked below FollowPath.
	Follow(http.ResponseWriter, *http.Request)
}

// follows reports whether a path is that of the pages of captured requests.
func (p *Proxy) follows(path string) bool {
	return p.options.Capture != nil && strings.HasPrefix(path, FollowPath)
}

// captures reports whether a request is to be kept rather than passed on.
func (p *Proxy) captures(d *route.Decision) bool { return d.Capture && p.options.Capture != nil }

// answerFromCapture has the request answered by who keeps it. To log and
// metrics it is legacy's: it is legacy's answer that is waited for.
func (p *Proxy) answerFromCapture(x *exchange) {
	x.arm = route.Legacy
	r := x.inProcess(x.out.Context())
	if p.follows(x.path) {
		p.options.Capture.Follow(&x.reply, r)
	} else {
		p.options.Capture.Capture(&x.reply, r, x.decision)
	}
	switch _, viewers := x.body.fault(); {
	case x.reply.wrote:
	case viewers, x.gone():
		x.failure = failure{cause: x.causeOf(nil)}
		x.conclude()
	default:
		x.reply.WriteHeader(http.StatusOK) // as net/http has it for a handler that writes nothing
	}
}
