package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

//go:embed assets
var assetFiles embed.FS

// assets are the stylesheet, the script and the icon. Each is served under the
// sum of its content, so that a browser may keep it for ever and a new version
// of the console still shows at once.
type assets map[string]asset

type asset struct {
	body []byte
	sum  string
}

func loadAssets() assets {
	all := assets{}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		panic(err) // the files are in the binary
	}
	for _, e := range entries {
		body, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		all[e.Name()] = asset{body, hex.EncodeToString(sum[:6])}
	}
	return all
}

// url returns the address of an asset.
func (a assets) url(name string) string {
	file, ok := a[name]
	if !ok {
		panic("console: no asset " + name)
	}
	return "/assets/" + file.sum + "/" + name
}

func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, ok := a[name]
	if !ok || file.sum != r.PathValue("sum") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(file.body)
}
