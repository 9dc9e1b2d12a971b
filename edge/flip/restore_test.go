package flip

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

func (s *shop) flip(product string, arm route.Arm) Entry {
	e, err := s.Apply(Change{Product: product, Arm: arm, Who: "ann"})
	require.NoError(s.t, err)
	return e
}

func TestRestore_MakesTheProductsWhatTheyWereAsANewEpoch(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	s.flip("muskie-casting-rod", route.Serverless) // 2
	then := s.file("products.yaml")
	s.flip("tourney-casting-rod", route.Serverless) // 3
	_, err := s.SetMode(route.ModeAllLegacy, "bob", "")
	require.NoError(t, err) // 4

	e, err := s.Restore(Restoration{Epoch: 2, Who: "eve", Why: "the old shop is quicker"})
	require.NoError(t, err)
	require.Equal(t, uint64(5), e.Epoch)
	require.Equal(t, "back to epoch 2: tourney-casting-rod: serverless → legacy", e.What)
	require.Equal(t, "the old shop is quicker", e.Why)
	require.Equal(t, then, s.file("products.yaml"), "byte for byte")
	require.Equal(t, route.ModeAllLegacy, s.table().Config().Mode, "banyan.yaml stays")
	require.Equal(t, "eve", s.history()[0].Who)

	first, err := s.Restore(Restoration{Epoch: 1, Who: "eve"})
	require.NoError(t, err)
	require.Equal(t, uint64(6), first.Epoch)
	require.Equal(t, shopProducts, s.file("products.yaml"), "what was there before Banyan came")
}

func TestRestore_IsGreaterThanWhatAnotherMachinePublished(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	s.flip("muskie-casting-rod", route.Serverless)
	_, err := s.Restore(Restoration{Epoch: 2})
	require.ErrorIs(t, err, ErrUnchanged)

	e, err := s.Restore(Restoration{Epoch: 2, After: 57, Who: "ann"})
	require.NoError(t, err)
	require.Equal(t, uint64(58), e.Epoch)
	require.Equal(t, uint64(59), s.flip("tourney-casting-rod", route.Serverless).Epoch)
}

func TestRestore_RefusesWhatItDoesNotHave(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	e := s.flip("muskie-casting-rod", route.Serverless)
	_, err := s.Restore(Restoration{Epoch: 9})
	require.ErrorIs(t, err, ErrNoEpoch)

	before := s.file("products.yaml")
	require.NoError(t, os.WriteFile(s.keptPath(e.Kept.Products), []byte(`{"text":"bm8="}`), 0o600))
	_, err = s.Restore(Restoration{Epoch: 2})
	require.ErrorIs(t, err, ErrNotKept)
	require.NoError(t, os.RemoveAll(filepath.Join(s.data, keptDir)))
	_, err = s.At(1)
	require.ErrorIs(t, err, ErrNotKept)
	require.Equal(t, before, s.file("products.yaml"))
}

func TestPreview_ChangesNothing(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	s.flip("muskie-casting-rod", route.Serverless)
	s.flip("tourney-casting-rod", route.Serverless)
	before := s.file("data/history.jsonl")
	table, err := s.Preview(Restoration{Epoch: 2, After: 7})
	require.NoError(t, err)
	require.Equal(t, uint64(8), table.Epoch())
	require.Equal(t, route.Legacy, mustFind(t, table, "tourney-casting-rod").Arm)
	require.Equal(t, before, s.file("data/history.jsonl"))
	require.Equal(t, route.Serverless, mustFind(t, s.table(), "tourney-casting-rod").Arm)
}

func TestAt_IsTheTableWithTheRoutesOfThen(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	s.flip("muskie-casting-rod", route.Serverless)
	s.write("banyan.yaml", strings.Replace(shopConfig, "/checkout*", "/cart*", 1))
	s.flip("tourney-casting-rod", route.Serverless) // notes the edit as 3
	table, err := s.At(2)
	require.NoError(t, err)
	require.Equal(t, uint64(2), table.Epoch())
	require.Equal(t, "/checkout*", table.Config().Routes[0].Path)
	table, err = s.At(3)
	require.NoError(t, err)
	require.Equal(t, "/cart*", table.Config().Routes[0].Path)
}

func TestNote_GivesAnEditByHandAnEpochAfterTheOneThatIsPublished(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	standing, err := s.Standing(57)
	require.NoError(t, err)
	require.False(t, standing.Noted)
	require.Equal(t, uint64(58), standing.Table.Epoch())
	require.Empty(t, s.history(), "looking writes nothing")

	standing, err = s.Note(57)
	require.NoError(t, err)
	require.Equal(t, uint64(58), standing.Table.Epoch())
	standing, err = s.Note(99)
	require.NoError(t, err)
	require.Equal(t, uint64(58), standing.Table.Epoch(), "there is nothing new to note")
	standing, err = s.Standing(99)
	require.NoError(t, err)
	require.True(t, standing.Noted)

	s.write("products.yaml", "broken: [\n")
	standing, err = s.Note(57)
	require.NoError(t, err)
	require.Nil(t, standing.Table)
	require.Error(t, standing.Findings.Err())
	require.Len(t, s.history(), 1)
}

func TestKept_EveryEpochComesBackByteForByte(t *testing.T) {
	s := &Store{data: t.TempDir()}
	random := rand.New(rand.NewPCG(3, 4))
	text, base := []byte{}, ""
	texts := make(map[string]string)
	for range 2 * keptDepth {
		at := random.IntN(len(text) + 1)
		cut := random.IntN(min(40, len(text)-at) + 1)
		insert := make([]byte, random.IntN(60))
		for i := range insert {
			insert[i] = byte(random.IntN(256))
		}
		text = slices.Concat(text[:at], insert, text[at+cut:])
		var err error
		base, err = s.keepText(text, base)
		require.NoError(t, err)
		texts[base] = string(text)
	}
	for name, want := range texts {
		got, err := s.textOf(name)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

func TestKept_FlipsOfALargeFileAreSmall(t *testing.T) {
	s := &Store{data: t.TempDir()}
	var b strings.Builder
	for i := range 4_000 {
		fmt.Fprintf(&b, "product-%05d-%x: legacy\n", i, i*2654435761)
	}
	text, base := b.String(), ""
	random := rand.New(rand.NewPCG(1, 2))
	for range keptDepth {
		slug := fmt.Sprintf("product-%05d", random.IntN(4_000))
		text = strings.Replace(text, slug, "flipped-"+slug[8:], 1)
		var err error
		base, err = s.keepText([]byte(text), base)
		require.NoError(t, err)
	}
	var bytes int64
	require.NoError(t, filepath.Walk(s.data, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			bytes += info.Size()
		}
		return err
	}))
	require.Less(t, bytes, int64(len(text)), "one whole text, and a line for each flip")
}
