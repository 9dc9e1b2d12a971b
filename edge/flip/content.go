package flip

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/banyan-edge/banyan/edge/route"
)

// content is both files as they are at one moment.
type content struct {
	config       []byte
	products     []byte
	productsPath string
	hash         string

	cfg      *route.Config
	findings route.Findings // of reading the files, before products are read
}

// read reads both files; of banyan.yaml it understands where the products are.
func (s *Store) read() (*content, error) {
	config, err := os.ReadFile(s.config)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(s.config), err)
	}
	return s.contentOf(config, nil)
}

// contentOf completes a content; products that are nil are read from their file.
func (s *Store) contentOf(config, products []byte) (*content, error) {
	c := &content{config: config, products: products}
	c.cfg, c.findings = route.ReadConfig(filepath.Base(s.config), config)
	c.productsPath = c.cfg.Products.File
	if !filepath.IsAbs(c.productsPath) {
		c.productsPath = filepath.Join(filepath.Dir(s.config), c.productsPath)
	}
	if products == nil {
		var err error
		if c.products, err = readProductsFile(c); err != nil {
			return nil, err
		}
	}
	c.hash = hash(c.config, c.products)
	return c, nil
}

// readProductsFile reads the products. A shop that shows none needs no file.
func readProductsFile(c *content) ([]byte, error) {
	products, err := os.ReadFile(c.productsPath)
	switch {
	case err == nil:
		return products, nil
	case errors.Is(err, fs.ErrNotExist) && len(c.cfg.Products.Paths) == 0:
		return []byte{}, nil
	case errors.Is(err, fs.ErrNotExist):
		c.findings = append(c.findings, route.Finding{File: c.cfg.Products.File, Line: 1, Column: 1, Message: "there is no such file",
			Hint: "make it, or say in " + c.cfg.File + " where it is: products: {file: …}"})
		return []byte{}, nil
	}
	return nil, fmt.Errorf("read the products: %w", err)
}

// hash tells one content from another.
func hash(config, products []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n", len(config))
	h.Write(config)
	h.Write(products)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// compile makes a table. In the mode all-legacy no product is asked, so a
// broken products file does not stand in the way: that mode is for the bad
// day, and the file may be what made it bad.
func (c *content) compile(epoch uint64) (*route.Table, route.Findings) {
	if c.findings.Err() != nil && c.cfg.Mode != route.ModeAllLegacy {
		return nil, c.findings
	}
	products, findings := route.ReadProducts(c.cfg.Products.File, c.products)
	all := append(append(route.Findings(nil), c.findings...), findings...)
	if findings.Err() == nil {
		table, findings := route.Compile(c.cfg, products, epoch)
		all = append(all, findings...)
		if all.Err() == nil {
			return table, all
		}
	}
	if c.cfg.Mode == route.ModeAllLegacy && c.configErr() == nil {
		if table, findings := route.Compile(c.cfg, nil, epoch); findings.Err() == nil {
			return table, all
		}
	}
	return nil, all
}

// configErr returns the errors in banyan.yaml.
func (c *content) configErr() error {
	var own route.Findings
	for _, f := range c.findings {
		if f.File == c.cfg.File {
			own = append(own, f)
		}
	}
	return own.Err()
}
