package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/upload"
)

// ServeHTTP takes a picture (PUT) or shows one that was checked (GET, HEAD).
func (f *Folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, picture, ok := f.name(r.URL)
	switch {
	case !ok:
		refusedNowhere.send(w)
	case r.Method == http.MethodPut:
		if no := f.put(r, id, picture); no != nil {
			no.send(w)
			return
		}
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		if no := f.show(w, r, id, picture); no != nil {
			no.send(w)
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		refusedMethod.send(w)
	}
}

// name reads which picture a path names: an id and a number, and nothing else. The
// path is taken as it came, so that nothing in it is decoded into something else.
func (f *Folder) name(u interface{ EscapedPath() string }) (id, picture string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), f.o.Prefix)
	id, picture, cut := strings.Cut(rest, "/")
	return id, picture, ok && cut && order.ValidID(id) && strings.ToUpper(id) == id && listing.ValidPictureID(picture)
}

// extensions are for the names that browsers save pictures under.
var extensions = map[string]string{listing.JPEG: ".jpg", listing.PNG: ".png", listing.WebP: ".webp"}

// show answers a picture with the type of its own bytes.
func (f *Folder) show(w http.ResponseWriter, r *http.Request, id, picture string) *refusal {
	file, err := f.root.Open(f.picture(id, picture))
	if errors.Is(err, fs.ErrNotExist) {
		return refusedNowhere
	}
	if err != nil {
		f.log.Error("picture not readable", "listing_id", id, "picture", picture, "error", err)
		return refusedFailed
	}
	defer file.Close()
	head := make([]byte, 16)
	n, _ := file.ReadAt(head, 0) // of a file too short to be a picture the type is none
	info, err := file.Stat()
	kind := upload.Sniff(head[:n])
	if err != nil || kind == "" {
		f.log.Error("what is among the pictures is none", "listing_id", id, "picture", picture)
		return refusedNowhere
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-site")
	h.Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", id+"-"+picture+extensions[kind]))
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // a picture never changes once it is there
	h.Set("ETag", fmt.Sprintf("%q", id+"-"+picture))
	http.ServeContent(w, r, "", info.ModTime(), file)
	return nil
}
