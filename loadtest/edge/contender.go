//go:build linux

package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed config
var configs embed.FS

// setup is what a contender's configuration is made of.
type setup struct {
	workload
	Dir         string // its own, for configuration and log
	Origin      string // host:port
	Listen      string // host:port
	Certificate string // files
	Key         string
	Bundle      string // both in one
}

// Port returns the port to listen on.
func (s setup) Port() string { return s.Listen[strings.LastIndexByte(s.Listen, ':')+1:] }

// mapLimit is how many products Caddy's map is given. It compares them one by
// one and has nothing that looks a product up; with more it goes without, which
// is in its favour.
const mapLimit = 10

// Flipped lists the paths of the flipped products, where they are few.
func (s setup) Flipped() []string {
	var paths []string
	for i := range s.Products {
		if flipped(i) && s.Products <= mapLimit {
			paths = append(paths, productPath(i))
		}
	}
	return paths
}

// contender is a proxy to measure.
type contender struct {
	name    string
	peer    bool // one of those that Banyan is held against
	version func() string
	prepare func(s setup) (argv []string, err error) // writes its files
	lacks   func(w workload) string                  // why it cannot take part, or ""
}

// nginx is Debian's, with one worker.
func nginx() contender {
	return contender{name: "nginx", peer: true, version: says("nginx", "-v"), prepare: func(s setup) ([]string, error) {
		if err := s.products("products.map", func(i int) string { return productPath(i) + " serverless;\n" }); err != nil {
			return nil, err
		}
		file, err := s.config("nginx.conf")
		return []string{"nginx", "-e", filepath.Join(s.Dir, "nginx.err"), "-c", file}, err
	}}
}

// haproxy is Debian's, with one thread. It cannot log to a file by itself; its
// standard output is one.
func haproxy() contender {
	return contender{name: "haproxy", peer: true, version: says("haproxy", "-v"), prepare: func(s setup) ([]string, error) {
		if err := s.products("products.map", func(i int) string { return productPath(i) + " serverless\n" }); err != nil {
			return nil, err
		}
		file, err := s.config("haproxy.cfg")
		return []string{"haproxy", "-db", "-f", file}, err
	}}
}

func caddy(binary, version string) contender {
	return contender{name: "caddy", version: func() string { return version }, prepare: func(s setup) ([]string, error) {
		file, err := s.config("Caddyfile")
		return []string{binary, "run", "--adapter", "caddyfile", "--config", file}, err
	}}
}

// banyan is the binary that users run. extra are more flags of up.
func banyan(binary string, extra ...string) contender {
	return contender{name: "banyan", version: says(binary, "version"),
		lacks: func(w workload) string {
			if w.TLS && !strings.Contains(says(binary, "up", "-h")(), "--tls-cert") {
				return "this banyan has no --tls-cert"
			}
			return ""
		},
		prepare: func(s setup) ([]string, error) {
			var text bytes.Buffer
			for i := range s.Products {
				arm := "legacy"
				if flipped(i) {
					arm = "serverless"
				}
				fmt.Fprintf(&text, "%s: %s\n", product(i), arm)
			}
			if err := os.WriteFile(filepath.Join(s.Dir, "products.yaml"), text.Bytes(), 0o644); err != nil {
				return nil, err
			}
			file, err := s.config("banyan.yaml")
			argv := []string{binary, "up", "--json", "--config", file, "--data", filepath.Join(s.Dir, "data"), "--listen", s.Listen,
				"--console", "127.0.0.1:0", "--log", filepath.Join(s.Dir, "access.log"), "--legacy", "http://" + s.Origin}
			if s.TLS {
				argv = append(argv, "--tls-cert", s.Certificate, "--tls-key", s.Key)
			}
			return append(argv, extra...), err
		}}
}

// config fills in the configuration of this name.
func (s setup) config(name string) (file string, err error) {
	text, err := fs.ReadFile(configs, "config/"+name)
	if err != nil {
		return "", err
	}
	t, err := template.New(name).Parse(string(text))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s); err != nil {
		return "", fmt.Errorf("fill in %s: %w", name, err)
	}
	file = filepath.Join(s.Dir, name)
	return file, os.WriteFile(file, out.Bytes(), 0o644)
}

// products writes a line for each flipped product.
func (s setup) products(name string, line func(i int) string) error {
	var text strings.Builder
	for i := range s.Products {
		if flipped(i) {
			text.WriteString(line(i))
		}
	}
	return os.WriteFile(filepath.Join(s.Dir, name), []byte(text.String()), 0o644)
}

// says returns what a command prints, on whichever output.
func says(argv ...string) func() string {
	return func() string {
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		if err != nil && len(out) == 0 {
			return err.Error()
		}
		return string(out)
	}
}
