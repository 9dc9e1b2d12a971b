//go:build linux

package main

import (
	"fmt"
	"strings"
)

// workload is one kind of traffic.
type workload struct {
	Kind        kind `json:"kind"`
	Products    int  `json:"products"`
	Connections int  `json:"connections"`
	TLS         bool `json:"tls"`
}

// kind is what is asked for.
type kind string

// The kinds of requests.
const (
	get2K  kind = "get-2k"
	get64K kind = "get-64k"
	post4K kind = "post-4k"
)

// String names the workload as --cases matches it: get-2k/products=10/conns=32/tls.
func (w workload) String() string {
	name := fmt.Sprintf("%s/products=%d/conns=%d", w.Kind, w.Products, w.Connections)
	if w.TLS {
		return name + "/tls"
	}
	return name + "/plain"
}

// workloads are all of them.
func workloads() []workload {
	var all []workload
	for _, tls := range []bool{false, true} {
		for _, k := range []kind{get2K, get64K, post4K} {
			for _, products := range []int{10, 100_000} {
				for _, connections := range []int{32, 512} {
					all = append(all, workload{k, products, connections, tls})
				}
			}
		}
	}
	return all
}

// product is the i-th slug. Every second product is flipped to the serverless
// arm, which every contender has to look up.
func product(i int) string { return fmt.Sprintf("product-%06d", i) }

// productPath is where the storefront shows it.
func productPath(i int) string { return "/shop/rods/" + product(i) }

func flipped(i int) bool { return i%2 == 1 }

// requestCount is how many different requests take turns: as many products as
// that are asked for all over the catalogue, so that no processor cache holds
// them all.
const requestCount = 2048

// storefrontHost is the name that shoppers use.
const storefrontHost = "shop.example.com"

// requests are the requests of the workload, for products that are on legacy.
func (w workload) requests() [][]byte {
	all := make([][]byte, requestCount)
	legacy := w.Products / 2
	for i := range all {
		all[i] = w.request(2 * (i * 7919 % legacy))
	}
	return all
}

// request is what a browser sends that asks for a product.
func (w workload) request(i int) []byte {
	const headers = "Host: " + storefrontHost + "\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
		"Accept-Language: en-US,en;q=0.5\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\n" +
		"Cookie: session=4f1c2b8a9d; banyan_visitor=0123456789abcdef0123456789abcdef\r\n"
	switch w.Kind {
	case get64K:
		return fmt.Appendf(nil, "GET %s?kb=64 HTTP/1.1\r\n%s\r\n", productPath(i), headers)
	case post4K:
		return fmt.Appendf(nil, "POST %s HTTP/1.1\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4096\r\n\r\n%s",
			productPath(i), headers, strings.Repeat("a=banyan", 512))
	}
	return fmt.Appendf(nil, "GET %s?kb=2 HTTP/1.1\r\n%s\r\n", productPath(i), headers)
}
