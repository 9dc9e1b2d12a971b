package awstest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// gate stands before moto and lets requests to DynamoDB through one at a time.
// moto copies the table when a transaction begins and, where the transaction
// fails, puts the copy back: what others wrote meanwhile is lost. One at a time
// each request is what it is on AWS, atomic; every interleaving of requests can
// still happen.
type gate struct {
	url    string
	server *http.Server
	inner  *http.Transport
	ended  chan struct{}
	behind *url.URL
	one    sync.Mutex
	sets   changeSets
}

func newGate(behind string) (*gate, error) {
	target, err := url.Parse(behind)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{url: "http://" + l.Addr().String(), inner: newClient().Transport.(*http.Transport), ended: make(chan struct{}),
		behind: target, sets: changeSets{created: make(map[string]url.Values)}}
	proxy := &httputil.ReverseProxy{
		Transport: g.inner,
		ErrorLog:  log.New(io.Discard, "", 0), // a client that goes away is part of a test
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(res *http.Response) error {
			if after, _ := res.Request.Context().Value(afterKey{}).(url.Values); after != nil {
				return g.follow(after, res)
			}
			return nil
		},
	}
	g.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_") {
			g.one.Lock()
			defer g.one.Unlock()
			// One that has begun is finished, or the next would run beside it.
			r = r.WithContext(context.WithoutCancel(r.Context()))
		}
		after, err := g.sets.note(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), afterKey{}, after)))
	})}
	go g.serve(l)
	return g, nil
}

// afterKey is under which a request's context has the call that follows it.
type afterKey struct{}

func (g *gate) serve(l net.Listener) {
	defer close(g.ended)
	_ = g.server.Serve(l) // it ends when it is closed
}

func (g *gate) stop() {
	_ = g.server.Close()
	<-g.ended
	g.inner.CloseIdleConnections()
}
