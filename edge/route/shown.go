package route

import "strings"

// ShowsProduct reports whether the table reads the path as a product's, known
// or not.
func (t *Table) ShowsProduct(path string) bool {
	canonical, why := Canonical(path)
	if why != Clear {
		return false
	}
	for i := range t.templates {
		if t.templates[i].match(canonical) != "" {
			return true
		}
	}
	return false
}

// ProductPaths returns paths at which products are shown, at most n. A product
// path with other named segments is left out: what stands there is the shop's
// to know.
func (t *Table) ProductPaths(n int) []string {
	var paths []string
	for i := range t.templates {
		template := &t.templates[i]
		if strings.Count(template.text, "{") > 1 || template.below {
			continue
		}
		for _, p := range t.products {
			if len(paths) >= n {
				return paths
			}
			paths = append(paths, template.pathOf(p.Slug))
		}
	}
	return paths
}
