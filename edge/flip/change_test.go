package flip

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

func TestApply_WritesJournalAndFile(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	from := noon.Add(time.Hour)
	e, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Share: pointer(route.Share(2500)), From: &from, Who: "ann", Why: "the sale"})
	require.NoError(t, err)
	require.Equal(t, Entry{Epoch: 2, At: noon, Who: "ann", Why: "the sale", Product: "muskie-casting-rod", Hash: e.Hash, Kept: e.Kept,
		What: "muskie-casting-rod: legacy → serverless 25% from 2026-11-27T13:00:00Z"}, e)
	require.Contains(t, s.file("products.yaml"), "muskie-casting-rod:   # the bestseller\n  arm: serverless\n  share: 25%\n  from: 2026-11-27T13:00:00Z\ntourney")

	require.Equal(t, uint64(2), s.table().Epoch())
	entries := s.history()
	require.Equal(t, e, entries[0])
	require.Equal(t, "first read: 1 routes, 3 products", entries[1].What)
	require.Equal(t, byHand, entries[1].Who)
	one, err := s.History(1)
	require.NoError(t, err)
	require.Equal(t, entries[:1], one)
}

func TestApply_KeepsStockAndDropsTheRest(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	e, err := s.Apply(Change{Product: "vintage-creel-1962", Arm: route.Legacy})
	require.NoError(t, err)
	require.Equal(t, "vintage-creel-1962: serverless 25% from 2026-11-27T08:00:00Z until 2026-11-27T20:00:00Z stock 1 → legacy stock 1", e.What)
	require.True(t, strings.HasSuffix(s.file("products.yaml"), "vintage-creel-1962:\n  # from the estate sale\n  arm: legacy\n  stock: 1\n"))
}

func TestApply_NothingToChangeMakesNoEntry(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Legacy})
	require.ErrorIs(t, err, ErrUnchanged)
	require.Empty(t, s.history())
	require.Equal(t, shopProducts, s.file("products.yaml"))
}

func TestApply_RefusalsTouchNothing(t *testing.T) {
	yesterday := noon.AddDate(0, 0, -1)
	for _, c := range []struct {
		name     string
		products string
		change   Change
		want     error
	}{
		{"a slug with a slash", shopProducts, Change{Product: "a/b"}, route.ErrSlug},
		{"a slug with a line break", shopProducts, Change{Product: "a: legacy\nb"}, route.ErrSlug},
		{"a share for legacy", shopProducts, Change{Product: "a", Share: pointer(route.Everyone)}, ErrLegacyFlip},
		{"until before from", shopProducts, Change{Product: "a", Arm: route.Serverless, From: &noon, Until: &yesterday}, route.ErrFindings},
		{"a file with errors", "muskie-casting-rod: sometimes\n", Change{Product: "muskie-casting-rod"}, route.ErrFindings},
		{"a flow mapping", "{muskie-casting-rod: legacy}\n", Change{Product: "muskie-casting-rod", Arm: route.Serverless}, ErrStyle},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t, shopConfig, c.products)
			_, err := s.Apply(c.change)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.products, s.file("products.yaml"))
			require.Empty(t, s.history())
		})
	}
}

func TestApply_FollowsALinkAndKeepsTheMode(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	real := filepath.Join(s.dir, "real.yaml")
	require.NoError(t, os.Rename(filepath.Join(s.dir, "products.yaml"), real))
	require.NoError(t, os.Chmod(real, 0o664))
	require.NoError(t, os.Symlink("real.yaml", filepath.Join(s.dir, "products.yaml")))
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless})
	require.NoError(t, err)
	info, err := os.Lstat(real)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o664), info.Mode())
	require.Contains(t, s.file("real.yaml"), "muskie-casting-rod: serverless")
	left, err := filepath.Glob(filepath.Join(s.dir, ".*.yaml.*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestApply_FirstNotesWhatWasChangedByHand(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless})
	require.NoError(t, err)
	s.write("products.yaml", strings.Replace(s.file("products.yaml"), "tourney-casting-rod: legacy", "tourney-casting-rod: serverless", 1))
	require.Equal(t, uint64(2), s.table().Epoch(), "reading makes no entry")
	_, err = s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Legacy, Who: "ann"})
	require.NoError(t, err)
	entries := s.history()
	require.Equal(t, "tourney-casting-rod: legacy → serverless", entries[1].What)
	require.Equal(t, byHand, entries[1].Who)
	require.Equal(t, uint64(3), entries[1].Epoch)
	require.Equal(t, "muskie-casting-rod: serverless → legacy", entries[0].What)
}

func TestSetMode_OnTheBadDay(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	e, err := s.SetMode(route.ModeAllLegacy, "ann", "carts are empty")
	require.NoError(t, err)
	require.Equal(t, "mode: none → all-legacy", e.What)
	d := s.table().Decide(route.Request{Method: "GET", Path: "/checkout"})
	require.Equal(t, route.AllLegacy, d.Reason)
	require.Equal(t, e.Epoch, d.Epoch)
	_, err = s.SetMode(route.ModeAllLegacy, "ann", "")
	require.ErrorIs(t, err, ErrUnchanged)
	_, err = s.SetMode("some-legacy", "ann", "")
	require.ErrorIs(t, err, ErrMode)
	_, err = s.SetMode("", "ann", "mended")
	require.NoError(t, err)
	require.Equal(t, shopConfig, s.file("banyan.yaml"))
}

func TestSetMode_WorksBesideABrokenProductsFile(t *testing.T) {
	s := newShop(t, shopConfig, "muskie-casting-rod: sometimes\n")
	e, err := s.SetMode(route.ModeAllLegacy, "ann", "")
	require.NoError(t, err)
	require.Equal(t, "mode: all-legacy", e.What)
	table, findings, err := s.Load()
	require.NoError(t, err)
	require.ErrorContains(t, findings.Err(), "products.yaml:1:21: unknown arm (sometimes)")
	require.Equal(t, route.AllLegacy, table.Decide(route.Request{Path: "/"}).Reason)
	_, err = s.SetMode("", "ann", "")
	require.ErrorIs(t, err, route.ErrFindings, "the table cannot decide again before the file is mended")
}

func TestLoad_WritesNothing(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	require.Zero(t, s.table().Epoch())
	require.Empty(t, s.history())
	require.NoDirExists(t, filepath.Join(s.dir, "data"))
}

func TestLoad_SaysWhatIsMissing(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	require.NoError(t, os.Remove(filepath.Join(s.dir, "products.yaml")))
	table, findings, err := s.Load()
	require.NoError(t, err)
	require.Nil(t, table)
	require.ErrorContains(t, findings.Err(), "products.yaml:1:1: there is no such file")
	require.Equal(t, findings, s.Problems())
	_, err = Open(Options{Config: filepath.Join(s.dir, "nowhere.yaml"), Data: s.dir})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// BenchmarkApply flips one of many products, durably.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("products=%d", n), func(b *testing.B) {
			dir := b.TempDir()
			var products strings.Builder
			for i := range n {
				fmt.Fprintf(&products, "product-%05d: legacy\n", i)
			}
			require.NoError(b, os.WriteFile(filepath.Join(dir, "banyan.yaml"), []byte(shopConfig), 0o644))
			require.NoError(b, os.WriteFile(filepath.Join(dir, "products.yaml"), []byte(products.String()), 0o644))
			s, err := Open(Options{Config: filepath.Join(dir, "banyan.yaml"), Data: dir})
			require.NoError(b, err)
			for i := 0; b.Loop(); i++ {
				_, err := s.Apply(Change{Product: fmt.Sprintf("product-%05d", n/2), Arm: route.Arm((i + 1) % 2)})
				require.NoError(b, err)
			}
		})
	}
}
