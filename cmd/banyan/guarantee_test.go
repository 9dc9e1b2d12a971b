package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	testName = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	promise  = regexp.MustCompile(`(?m)^\d+\. .*$`)
)

// TestGuarantee_EverySentenceNamesATestThatExists keeps DESIGN.md honest.
func TestGuarantee_EverySentenceNamesATestThatExists(t *testing.T) {
	have := map[string]bool{}
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			have[string(m[1])] = true
		}
		return err
	}))
	design, err := os.ReadFile("../../legacy-adapter/DESIGN.md")
	require.NoError(t, err)
	sentences := promise.FindAllString(string(design), -1)
	require.GreaterOrEqual(t, len(sentences), 10)
	for _, s := range sentences {
		require.Regexp(t, testName, s, "a sentence of the guarantee without a test")
	}
	for _, m := range testName.FindAllStringSubmatch(string(design), -1) {
		require.True(t, have[m[1]], "DESIGN.md names %s, which is no test", m[1])
	}
}
