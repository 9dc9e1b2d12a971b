package folder

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/banyan-edge/banyan/api/listing"
)

// refusal is an answer in the form of RFC 9457.
type refusal struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`

	retry int // seconds after which asking again makes sense; zero means not at all
}

func refuse(status int, code, title, detail string) *refusal {
	return &refusal{Type: "about:blank", Title: title, Status: status, Code: code, Detail: detail}
}

// anew is how one comes by an address that holds.
const anew = "Send the listing again with the same Idempotency-Key to get new addresses."

var (
	refusedNowhere  = refuse(404, "not_found", "There is no such picture", "It was not uploaded, not checked yet, or refused.")
	refusedMethod   = refuse(405, "method_not_allowed", "That cannot be done here", "A picture is sent with PUT and seen with GET.")
	refusedTampered = refuse(403, "address_tampered", "This address was not given out", "Its signature does not fit. "+anew)
	refusedExpired  = refuse(403, "address_expired", "This address has expired", anew)
	refusedLength   = refuse(411, "length_required", "How long is it?", "Send a Content-Length; an upload in chunks is not taken.")
	refusedType     = refuse(415, "unsupported_media_type", "That is another type", "Send the Content-Type that was announced, and no Content-Encoding.")
	refusedAgain    = refuse(412, "already_uploaded", "This picture is there", "It was uploaded and checked before. Nothing was changed.")
	refusedQuota    = refuse(507, "quota", "There is no room for pictures", "The shop's folder of pictures is full. The listing stands.")
	refusedCutShort = refuse(400, "cut_short", "The upload did not come to its end", "The connection ended before the announced number of bytes. Upload the picture again.")
	refusedBusy     = &refusal{"about:blank", "Too many uploads at once", 503, "Ask again in a moment.", "busy", 1}
	refusedFailed   = &refusal{"about:blank", "We cannot take that right now", 503, "The picture could not be kept. Upload it again in a moment.", "unavailable", 5}
)

// refusedSize says by how much an upload is off.
func refusedSize(length, announced int64) *refusal {
	status, code := 400, string(listing.WrongSize)
	if length > announced {
		status, code = 413, "too_large"
	}
	return refuse(status, code, "That is not as long as announced", fmt.Sprintf("%d bytes were announced and %d are sent.", announced, length))
}

// refusedFault says what is wrong with a file.
func refusedFault(fault listing.Fault) *refusal {
	return refuse(422, string(fault), "That is not the picture that was announced", fault.Text())
}

func (no *refusal) send(w http.ResponseWriter) {
	body, err := json.Marshal(no)
	if err != nil {
		panic(err) // texts and a number
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if no.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(no.retry))
	}
	w.WriteHeader(no.Status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
