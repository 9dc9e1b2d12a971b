package shop

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"github.com/banyan-edge/banyan/api/shop/picture"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file whose address holds a checksum of it, so that caches may keep
// it for ever.
type asset struct {
	url         string
	sum         string
	contentType string
	body        []byte
}

// assets are the shop's style sheet, script and mark, by the name in their
// address.
type assets struct{ byStem map[string]asset }

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func loadAssets() *assets {
	a := &assets{byStem: map[string]asset{}}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // embedded
	}
	for _, e := range entries {
		body, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err) // embedded
		}
		ext := path.Ext(e.Name())
		stem := strings.TrimSuffix(e.Name(), ext)
		sum := checksum(body)
		a.byStem[stem+ext] = asset{"/assets/" + stem + "-" + sum + ext, sum, contentTypes[ext], body}
	}
	return a
}

// url is the address of an asset such as shop.css.
func (a *assets) url(name string) string {
	found, ok := a.byStem[name]
	if !ok {
		panic("shop: no asset " + name)
	}
	return found.url
}

// asset answers /assets/name-sum.ext.
func (s *server) asset(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["name"]
	ext := path.Ext(name)
	stem, sum, _ := cutLast(strings.TrimSuffix(name, ext), "-")
	a, ok := s.assets.byStem[stem+ext]
	if !ok {
		return errNowhere
	}
	sendAsset(w, r, a, sum)
	return nil
}

// pictures are the products' pictures by slug, each drawn once, when it is first
// asked for.
type pictures map[string]func() asset

func drawPictures(c *Catalogue) pictures {
	all := make(pictures, len(c.products))
	for _, p := range c.products {
		all[p.Slug] = sync.OnceValue(func() asset {
			body := picture.Draw(picture.Subject{Kind: p.Picture, Tint: p.Tint, Seed: p.Slug, Title: p.Name})
			sum := checksum(body)
			return asset{p.Path() + "/picture-" + sum + ".svg", sum, contentTypes[".svg"], body}
		})
	}
	return all
}

// picture answers a product's picture. Its address is below the product's, so
// that a picture comes from the arm that its page came from.
func (s *server) picture(w http.ResponseWriter, r *http.Request) error {
	p, err := s.productOf(r)
	if err != nil {
		return err
	}
	sendAsset(w, r, s.pictures[p.Slug](), mux.Vars(r)["sum"])
	return nil
}

// sendAsset answers what there is; only under its own checksum may it be kept
// for ever, for during an upgrade an old page may ask for the file it knew.
func sendAsset(w http.ResponseWriter, r *http.Request, a asset, sum string) {
	w.Header().Del("Vary")
	w.Header().Set("Cache-Control", "public, max-age=60")
	if sum == a.sum {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	send(w, r, http.StatusOK, a.contentType, a.body)
}

func checksum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:6])
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
