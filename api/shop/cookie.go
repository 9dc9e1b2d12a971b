package shop

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"
)

// The shop's cookies. Others pass by untouched.
const (
	cartCookie    = "riverbend_cart"
	sessionCookie = "riverbend_session"
)

// cartLife is how long a cart waits for its shopper.
const cartLife = 14 * 24 * time.Hour

// setCookie sets a cookie for the whole shop; a life of zero is until the
// browser closes, a negative one removes it.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")}
	if life != 0 {
		c.MaxAge = int(life / time.Second)
	}
	http.SetCookie(w, c)
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// startSession gives a browser its session on its first view of the checkout,
// so that the same form sent twice is one order.
func startSession(w http.ResponseWriter, r *http.Request) {
	if cookie(r, sessionCookie) == "" {
		setCookie(w, r, sessionCookie, rand.Text(), 0)
	}
}
