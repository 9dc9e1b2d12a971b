package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
)

// secretOf reads the secret that an origin of banyan.yaml asks for, from the file
// or the environment variable that is named there. A file may end with a line
// end. What it was read from is in the errors, and the value nowhere.
func secretOf(name string, o route.Origin, config string) (proxy.Secret, error) {
	s := o.Secret
	switch {
	case s == (route.Secret{}):
		return proxy.Secret{}, nil
	case s.Env != "":
		value := os.Getenv(s.Env)
		if value == "" {
			return proxy.Secret{}, withHint(fmt.Errorf("origins.%s.secret: %s is empty", name, s.Env),
				"set %s to what the origin asks for, such as the output of \"openssl rand -hex 32\"", s.Env)
		}
		return proxy.Secret{Header: s.Header, Value: value}, nil
	}
	path := s.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(config), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return proxy.Secret{}, withHint(fmt.Errorf("origins.%s.secret: %w", name, err),
			"the file holds the secret and nothing else; its place is beside banyan.yaml, or is written out in full")
	}
	return proxy.Secret{Header: s.Header, Value: strings.TrimRight(string(text), "\r\n")}, nil
}
