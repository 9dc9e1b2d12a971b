package shopper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Shop is what the shoppers know of the storefront: the product they all want,
// and the pages of others.
type Shop struct {
	Hot   Item     `json:"hot"`
	Pages []string `json:"pages"`
}

// Item is a product to buy.
type Item struct {
	SKU  string `json:"sku"`
	Name string `json:"name"`
	Path string `json:"path"`
	Unit int64  `json:"unit"` // its price in cents
}

// ErrNoShop: the storefront does not list its products as the sample shop does.
var ErrNoShop = errors.New("this is no storefront that can be rehearsed with")

// Look asks the storefront for its products and finds the one of this name among
// them. Shelves are pages as well.
func Look(ctx context.Context, target, slug string) (Shop, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(target, "/")+"/shop", nil)
	if err != nil {
		return Shop{}, err
	}
	req.Header.Set("Accept", "application/json")
	client := newClient()
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return Shop{}, fmt.Errorf("look at the storefront: %w", err)
	}
	defer resp.Body.Close()
	var list struct {
		Products []struct {
			Slug, Category, Name, URL string
			Price                     struct{ Amount int64 }
			Variants                  []struct{ SKU string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || len(list.Products) < 2 {
		return Shop{}, fmt.Errorf("%w: %s/shop answers %s, and no list of products", ErrNoShop, target, resp.Status)
	}
	var shop Shop
	shelves := make(map[string]bool)
	for _, p := range list.Products {
		if p.Slug == slug && len(p.Variants) > 0 {
			shop.Hot = Item{SKU: p.Variants[0].SKU, Name: p.Name, Path: p.URL, Unit: p.Price.Amount}
			continue
		}
		shop.Pages = append(shop.Pages, p.URL)
		if shelf := "/shop/" + p.Category; !shelves[shelf] {
			shelves[shelf] = true
			shop.Pages = append(shop.Pages, shelf)
		}
	}
	if shop.Hot.SKU == "" {
		return Shop{}, fmt.Errorf("%w: it has no product %q", ErrNoShop, slug)
	}
	return shop, nil
}
