package console

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// flashCookie carries what happened over the redirect after a form. Cookies are
// shared by all ports of a host, so the text is treated as a stranger's: bounded
// here and escaped by the template.
const (
	flashCookie = "banyan_console_flash"
	flashBytes  = 1000
)

// done answers a form: it leaves the message for the next page and sends the
// browser there.
func (c *console) done(w http.ResponseWriter, r *http.Request, to, message string) {
	message = strings.ToValidUTF8(message[:min(len(message), flashBytes)], "")
	http.SetCookie(w, &http.Cookie{
		Name:     flashCookie,
		Value:    base64.RawURLEncoding.EncodeToString([]byte(message)),
		Path:     "/",
		MaxAge:   60,
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// flash takes the message that was left, or "".
func flash(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true})
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(text) > flashBytes {
		return ""
	}
	return string(text)
}
