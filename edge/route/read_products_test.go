package route

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// wholly reads products the slow way.
func wholly(src string) ([]Product, Findings) {
	r := productReader{document{file: "products.yaml"}}
	return r.whole([]byte(src)), r.findings.sorted()
}

// requireAgreement makes sure that both ways of reading say the same: the same
// products, and the same is wrong with them. Of a syntax error each may say
// what it sees first.
func requireAgreement(t require.TestingT, src string) {
	fast, fastFindings := ReadProducts("products.yaml", []byte(src))
	slow, slowFindings := wholly(src)
	require.Equal(t, slowFindings.Err() == nil, fastFindings.Err() == nil, "%q\nline by line: %s\nas a whole: %s", src, fastFindings, slowFindings)
	if slowFindings.Err() == nil || slow != nil {
		require.Equal(t, append([]Product(nil), slow...), append([]Product(nil), fast...), "%q", src)
		require.Equal(t, placed(slowFindings), placed(fastFindings), "%q", src)
	}
}

// placed drops the places of texts that may go over several lines: the parser
// gives one of their lines or another, as the text around them has it.
func placed(findings Findings) Findings {
	findings = append(Findings(nil), findings...)
	for i := range findings {
		if f := &findings[i]; strings.ContainsAny(f.Text, " \n") {
			f.Line, f.Column = 0, 0
		}
	}
	return findings.sorted()
}

// someLines are what a products file can hold, right and wrong.
var someLines = []string{
	"", "# comment", "   # indented", "a: legacy", "b: serverless  # why", "c:", "'d': legacy", "\"e\": serverless", "1.10: legacy", "0x10: legacy", "null: legacy", "~: legacy",
	"true: serverless", "f: {arm: serverless, share: 25%}", "g: {arm: legacy,", "  stock: 1}", "  arm: serverless", "  arm: legacy", "    arm: serverless", "  share: 25%",
	"  share: 12.5%  # trial", "  share: 100%", "  share: \"5%\"", "  from: 2026-11-27T08:00:00Z", "  until: 2026-11-27T20:00:00+01:00", "  stock: 1", "  stock: 007", "  stock: 0x1", "  stock:",
	"  from: '2026-11-27T08:00:00Z'", "  more: 1", "h: sometimes", "i: legacy#x", "j : legacy", "k:legacy", "l: |", "  text", "m: &x legacy", "n: *x", "o: !!str legacy", "---", "...", "- p", "? q", ": r",
	"s: legacy\t# tab", "\ta: legacy", "t: legacy\r", "u: [legacy]", "v: \"legacy", "w: it's", "{x: legacy}", "%YAML 1.2", "y: legacy: z", "z: a b", "é: legacy", "caf%C3%A9: legacy", "%63af: legacy", "a: serverless",
	"  arm: >", "legacy", "  legacy", "# a: legacy", "  - a", "dd: - a", "ee: ? a", "ff: legacy,", "gg,: legacy", "hh: 'it''s' # it", "ii: a # \"b", "0: legacy", "-1: legacy", "+1: legacy", "  arm: 'legacy'", "      serverless", "<<: {arm: legacy}", "aa: ", "bb:  serverless ", "  \"arm\": legacy", "cc: \"legacy\" # it's", " arm: legacy", "@a: legacy", "2026-11-27: legacy",
}

func TestReadProducts_BothWaysAgree(t *testing.T) {
	for _, a := range someLines {
		requireAgreement(t, a)
		for _, b := range someLines {
			requireAgreement(t, "a1:\n"+a+"\n"+b+"\nb1: legacy\n")
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom(someLines), 1, 12).Draw(t, "lines")
		requireAgreement(t, strings.Join(lines, "\n"))
	})
}

func FuzzReadProducts(f *testing.F) {
	for _, seed := range []string{shopProducts, "a: legacy\nb: {arm: serverless, share: 25%}\n", "a:\n  arm: serverless\n  # c\n  share: 1%\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<10 {
			return
		}
		requireAgreement(t, string(src))
	})
}

func TestReadProducts_SaysTheLineOfEachProduct(t *testing.T) {
	products, findings := ReadProducts("products.yaml", []byte("# top\n\na: legacy\nb:\n  arm: serverless\n\n# c\nc: {arm: serverless, share: 5%}\n"))
	require.NoError(t, findings.Err())
	require.Equal(t, []int{3, 4, 8}, []int{products[0].Line, products[1].Line, products[2].Line})
	require.Equal(t, []Share{Everyone, Everyone, 500}, []Share{products[0].Share, products[1].Share, products[2].Share})
}

func TestReadProducts_ACatalogueOfPlainProductsNeedsNoParser(t *testing.T) {
	chunks, ok := cut(string(catalogue(100)))
	require.True(t, ok)
	require.Len(t, chunks, 100)
	for _, c := range chunks {
		_, ok := c.plain()
		require.True(t, ok, c.text)
	}
}

func TestRead_WhatWouldExhaustTheParserIsRefused(t *testing.T) {
	for name, src := range map[string]string{
		"nesting":   "# deep\na: " + strings.Repeat("[", 100_000),
		"long line": "# long\na: " + strings.Repeat("- ", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := ReadProducts("products.yaml", []byte(src))
			require.ErrorContains(t, findings.Err(), "products.yaml:2:1: the line is too long or too deeply nested to be read")
			_, findings = ReadConfig("banyan.yaml", []byte(src))
			require.ErrorContains(t, findings.Err(), "banyan.yaml:2:1: the line is too long or too deeply nested to be read")
		})
	}
}

func TestRead_FilesFromAnotherEditor(t *testing.T) {
	products, findings := ReadProducts("products.yaml", []byte("\ufeffa: legacy\r\nb:\r\n  arm: serverless\r\n  share: 5%\r\n"))
	require.NoError(t, findings.Err())
	require.Equal(t, []Product{{Slug: "a", Share: Everyone, Line: 1}, {Slug: "b", Arm: Serverless, Share: 500, Line: 2}}, products)
	cfg, findings := ReadConfig("banyan.yaml", []byte("\ufeffmode: all-legacy\r\nstorefront: https://shop.example.com\r\n"))
	require.NoError(t, findings.Err())
	require.Equal(t, ModeAllLegacy, cfg.Mode)
}
