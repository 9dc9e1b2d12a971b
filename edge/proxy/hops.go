package proxy

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// unquotable are the characters that no host name has, and that would end the
// quoted string a host is written in.
const unquotable = "\"\\ \t"

// hops is the way a request came: from the shopper, by way of hops that the
// operator trusts, to the peer that is connected.
type hops struct {
	client     netip.Addr // the rightmost address that is not a trusted hop's
	clientText string     // the same as text; empty where the peer has no address
	chain      []netip.Addr
	trusted    bool // the peer is a trusted hop, and is believed
	proto      string
	host       string
}

// readHops finds out how a request came. A trusted hop is one that writes
// X-Forwarded-For; the address it added is the rightmost. Whatever stands left
// of the client was the client's own claim, and is dropped: a legacy that reads
// the leftmost address and one that reads the rightmost both get the truth.
func (p *Proxy) readHops(r *http.Request) hops {
	h := p.peerOf(r.RemoteAddr, r.TLS != nil)
	h.host = r.Host
	if h.trusted {
		p.believe(&h, r.Header)
	}
	return h
}

// peerOf begins with what the connection itself says.
func (p *Proxy) peerOf(remote string, secure bool) hops {
	h := hops{proto: "http"}
	if secure {
		h.proto = "https"
	}
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return h // a Unix socket, say: nothing is known of it
	}
	h.client = peer.Addr().Unmap().WithZone("")
	h.trusted = p.trusts(h.client)
	h.chain = []netip.Addr{h.client}
	h.clientText = h.client.String()
	return h
}

// believe reads what a trusted hop says of the client.
func (p *Proxy) believe(h *hops, header http.Header) {
	backwards := []netip.Addr{h.client}
	claimed := strings.Split(strings.Join(header["X-Forwarded-For"], ","), ",")
	for i := len(claimed) - 1; i >= 0 && p.trusts(h.client); i-- {
		addr, ok := parseHop(claimed[i])
		if !ok {
			break
		}
		h.client = addr
		backwards = append(backwards, addr)
	}
	slices.Reverse(backwards)
	h.chain, h.clientText = backwards, h.client.String()
	switch proto := strings.ToLower(lastOf(header["X-Forwarded-Proto"])); proto {
	case "http", "https":
		h.proto = proto
	}
	if host := lastOf(header["X-Forwarded-Host"]); host != "" && !strings.ContainsAny(host, unquotable) {
		h.host = host
	}
}

// trusts reports whether an address is a trusted hop's.
func (p *Proxy) trusts(addr netip.Addr) bool {
	for _, prefix := range p.options.TrustedHops {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// lastOf returns the last element of a list header: what the nearest hop said.
func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// parseHop reads an address of X-Forwarded-For, with a port or without.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return addr.Unmap().WithZone(""), err == nil
}

// forwardedFor writes the chain as X-Forwarded-For has it.
func (h *hops) forwardedFor() string {
	if len(h.chain) == 1 {
		return h.clientText
	}
	texts := make([]string, len(h.chain))
	for i, addr := range h.chain {
		texts[i] = addr.String()
	}
	return strings.Join(texts, ", ")
}

// forwarded writes the chain as Forwarded (RFC 7239) has it.
func (h *hops) forwarded() string {
	if len(h.chain) == 0 {
		return ""
	}
	b := h.appendNode(make([]byte, 0, 96), h.chain[0])
	b = h.appendAsked(b, h.host)
	for _, addr := range h.chain[1:] {
		b = h.appendNode(append(b, ", "...), addr)
	}
	return string(b)
}

// appendNode writes one hop.
func (h *hops) appendNode(b []byte, addr netip.Addr) []byte {
	b = append(b, "for="...)
	if addr.Is6() {
		return append(addr.AppendTo(append(b, `"[`...)), `]"`...)
	}
	return addr.AppendTo(b)
}

// appendAsked writes what the first hop was asked for.
func (h *hops) appendAsked(b []byte, host string) []byte {
	if host != "" && !strings.ContainsAny(host, unquotable) {
		b = append(append(append(b, `;host="`...), host...), '"')
	}
	return append(append(b, ";proto="...), h.proto...)
}
