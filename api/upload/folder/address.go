package folder

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/upload"
)

// Addresses returns where each picture of a listing is to be put. They are paths
// of the storefront, and hold for upload.AddressLife.
func (f *Folder) Addresses(_ context.Context, l listing.Listing) ([]listing.Upload, error) {
	_, until := upload.Window(l.AcceptedAt, f.o.Now())
	all := make([]listing.Upload, len(l.Pictures))
	for n, p := range l.Pictures {
		a := address{listing: l.ID, picture: listing.PictureID(n), announced: p, expires: until.Unix()}
		all[n] = listing.Upload{
			Method: http.MethodPut, URL: f.o.Prefix + a.listing + "/" + a.picture + "?" + a.query(f.key).Encode(),
			Headers: map[string]string{"Content-Type": p.Type}, Expires: until,
		}
	}
	return all, nil
}

// address is what is signed: which picture, until when, and what was announced.
type address struct {
	listing, picture string
	announced        listing.Picture
	expires          int64 // Unix seconds
}

func (a address) query(key []byte) url.Values {
	q := url.Values{
		"expires": {strconv.FormatInt(a.expires, 10)}, "bytes": {strconv.FormatInt(a.announced.Bytes, 10)},
		"type": {a.announced.Type}, "signature": {hex.EncodeToString(a.signature(key))},
	}
	if a.announced.SHA256 != "" {
		q.Set("sha256", a.announced.SHA256)
	}
	return q
}

func (a address) signature(key []byte) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "PUT\n%s\n%s\n%d\n%d\n%s\n%s", a.listing, a.picture, a.expires, a.announced.Bytes, a.announced.Type, a.announced.SHA256)
	return h.Sum(nil)
}

// readAddress reads the address of a request and returns the refusal where it is
// not one that was given out, or not any more.
func readAddress(key []byte, id, picture string, q url.Values, now time.Time) (address, *refusal) {
	a := address{listing: id, picture: picture}
	a.announced.Type, a.announced.SHA256 = q.Get("type"), q.Get("sha256")
	var err, err2 error
	a.expires, err = strconv.ParseInt(q.Get("expires"), 10, 64)
	a.announced.Bytes, err2 = strconv.ParseInt(q.Get("bytes"), 10, 64)
	signature, err3 := hex.DecodeString(q.Get("signature"))
	switch {
	case err != nil || err2 != nil || err3 != nil || !hmac.Equal(signature, a.signature(key)):
		return a, refusedTampered
	case now.Unix() >= a.expires:
		return a, refusedExpired
	}
	return a, nil
}

// Origin is empty: pictures are sent to the storefront.
func (f *Folder) Origin(context.Context) string { return "" }
