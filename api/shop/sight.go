package shop

import (
	"context"
	"net/http"
)

// Sight is what the shop saw in a request, for whoever counts and traces around
// it: names, of which there are few, and nothing that a shopper wrote.
type Sight struct {
	Path string // the shop's own name of it, such as /orders/{id}; empty where it has none
	Code string // of the problem that was answered, such as sold_out; empty where all was well
}

type sightKey struct{}

// WithSight returns a context for a request to the shop, and what it will have
// seen by the time that it has answered.
func WithSight(ctx context.Context) (context.Context, *Sight) {
	s := new(Sight)
	return context.WithValue(ctx, sightKey{}, s), s
}

func sightOf(ctx context.Context) *Sight {
	s, _ := ctx.Value(sightKey{}).(*Sight)
	return s
}

// seen notes the path that a request is for.
func seen(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s := sightOf(r.Context()); s != nil {
			s.Path = path
		}
		next.ServeHTTP(w, r)
	})
}
