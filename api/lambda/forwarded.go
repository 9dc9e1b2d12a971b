package lambda

import (
	"net"
	"net/netip"
	"strings"
)

// remoteAddr returns the shopper's address, with a port, as net/http has it. The
// port is 0: no event tells it.
//
// The addresses that the request came through are those in X-Forwarded-For and
// then the front's own peer. Each of the last TrustedHops of them is a proxy of
// ours; the one before is the shopper, and what stands before that is whatever
// the shopper wrote there.
func (o Options) remoteAddr(peer string, forwarded []string) string {
	var hops []string
	if peer == "" || o.TrustedHops > 0 {
		for _, line := range forwarded {
			for hop := range strings.SplitSeq(line, ",") {
				if hop = bareAddr(strings.TrimSpace(hop)); hop != "" {
					hops = append(hops, hop)
				}
			}
		}
	}
	if peer = bareAddr(peer); peer != "" && (len(hops) == 0 || hops[len(hops)-1] != peer) {
		hops = append(hops, peer) // some fronts append their peer and some do not
	}
	if len(hops) == 0 {
		return ""
	}
	host := hops[max(0, len(hops)-1-max(0, o.TrustedHops))]
	if strings.IndexByte(host, ':') < 0 {
		return host + ":0"
	}
	return net.JoinHostPort(host, "0")
}

// bareAddr takes the port, which some proxies write, off an address.
func bareAddr(hop string) string {
	if strings.IndexByte(hop, ':') < 0 {
		return hop
	}
	if addrPort, err := netip.ParseAddrPort(hop); err == nil {
		return addrPort.Addr().String()
	}
	return strings.Trim(hop, "[]")
}

// forwardedHost returns the host that the proxy in front wrote, or host. Where
// several wrote one, the last stands nearest to us.
func forwardedHost(forwarded []string, host string) string {
	if len(forwarded) == 0 {
		return host
	}
	last := forwarded[len(forwarded)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if last == "" || !validHost(last) {
		return host
	}
	return last
}
