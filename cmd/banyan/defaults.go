package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"

	"github.com/banyan-edge/banyan/api/shop"
)

//go:embed defaults
var defaults embed.FS

// flippedAtFirst is the product that the demo starts with on the serverless path.
const flippedAtFirst = "muskie-casting-rod"

// writeDefaults writes banyan.yaml and products.yaml into dir, for the sample
// shop or, where legacy is an address, for that shop. It overwrites nothing and
// returns the path of banyan.yaml.
func writeDefaults(dir, storefront, legacy string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make %s: %w", dir, err)
	}
	config, products, err := defaultFiles(storefront, legacy)
	if err != nil {
		return "", err
	}
	path, err := filepath.Abs(filepath.Join(dir, configName))
	if err != nil {
		return "", err
	}
	if err := writeNew(filepath.Join(dir, productsName), products); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return path, writeNew(path, config)
}

func defaultFiles(storefront, legacy string) (config, products []byte, err error) {
	products, err = defaults.ReadFile("defaults/products.yaml")
	if err != nil {
		return nil, nil, err
	}
	if legacy == "" {
		config, err = defaults.ReadFile("defaults/banyan.yaml")
		return config, append(products, sampleProducts()...), err
	}
	page, err := template.ParseFS(defaults, "defaults/foreign.yaml")
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct{ Storefront, Legacy string }{storefront, legacy})
	return out.Bytes(), products, err
}

// sampleProducts lists every product of the sample shop with its arm.
func sampleProducts() []byte {
	var out bytes.Buffer
	category := ""
	for _, p := range shop.Sample().Products() {
		if p.Category != category {
			category = p.Category
			fmt.Fprintf(&out, "\n# %s\n", category)
		}
		arm := "legacy"
		if p.Slug == flippedAtFirst {
			arm = "serverless"
		}
		fmt.Fprintf(&out, "%s: %s\n", p.Slug, arm)
	}
	return out.Bytes()
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.Close()
}
