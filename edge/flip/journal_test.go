package flip

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// crashed is a shop with one flip done and another begun, as a crash at that
// moment leaves it.
func crashed(t *testing.T) (s *shop, next *content) {
	s = newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Who: "ann"})
	require.NoError(t, err)
	now, err := s.read()
	require.NoError(t, err)
	next, err = s.contentOf(now.config, setProduct(now.products, route.Product{Slug: "tourney-casting-rod", Arm: route.Serverless, Share: route.Everyone}))
	require.NoError(t, err)
	j, err := readJournal(s.data, 1)
	require.NoError(t, err)
	require.NoError(t, j.append(record{begun, 3, &Entry{Who: "bob", What: "tourney-casting-rod: legacy → serverless", Hash: next.hash, At: noon}}))
	return s, next
}

func TestJournal_CrashBeforeTheFileWasReplaced(t *testing.T) {
	s, _ := crashed(t)
	require.Equal(t, uint64(2), s.table().Epoch(), "the flip never came to be")
	require.Equal(t, "ann", s.history()[0].Who)

	e, err := s.Apply(Change{Product: "tourney-casting-rod", Arm: route.Serverless, Who: "bob"})
	require.NoError(t, err)
	require.Equal(t, uint64(4), e.Epoch, "an epoch is never given twice")
	require.Equal(t, []string{"bob", "ann", "file"}, who(s.history()))
	require.Contains(t, s.file("data/history.jsonl"), `{"state":"undone","epoch":3}`)
}

func TestJournal_CrashAfterTheFileWasReplaced(t *testing.T) {
	s, next := crashed(t)
	s.write("products.yaml", string(next.products))
	require.Equal(t, uint64(3), s.table().Epoch(), "the flip did come to be")
	require.Equal(t, []string{"bob", "ann", "file"}, who(s.history()))

	e, err := s.Apply(Change{Product: "tourney-casting-rod", Arm: route.Serverless, Who: "eve"})
	require.ErrorIs(t, err, ErrUnchanged)
	require.Equal(t, "bob", e.Who, "the entry that made it so")
	require.Contains(t, s.file("data/history.jsonl"), `{"state":"done","epoch":3}`)
}

func TestJournal_ChangeByHandBackToTheTextBeforeIsNoCrash(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Who: "ann"})
	require.NoError(t, err)
	s.write("products.yaml", shopProducts)
	_, err = s.Apply(Change{Product: "tourney-casting-rod", Arm: route.Serverless, Who: "bob"})
	require.NoError(t, err)
	require.Equal(t, []string{"bob", "file", "ann", "file"}, who(s.history()))
	require.Equal(t, route.Legacy, mustFind(t, s.table(), "muskie-casting-rod").Arm)
}

func TestJournal_TornLastLineIsCutOff(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Who: "ann"})
	require.NoError(t, err)
	path := filepath.Join(s.data, journalFile)
	whole := s.file("data/history.jsonl")
	line := `{"state":"begun","epoch":3,"at":"2026-11-27T12:00:00Z","who":"bob"}`
	for cut := range len(line) {
		require.NoError(t, os.WriteFile(path, []byte(whole+line[:cut]), 0o644))
		require.Equal(t, uint64(2), s.table().Epoch())
		require.Equal(t, []string{"ann", "file"}, who(s.history()))
	}
	_, err = s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Legacy, Who: "eve"})
	require.NoError(t, err)
	require.Equal(t, []string{"eve", "ann", "file"}, who(s.history()))
	require.NotContains(t, s.file("data/history.jsonl"), "bob")
}

func TestJournal_LineBreakThatIsMissingComesBack(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Who: "ann"})
	require.NoError(t, err)
	s.write("data/history.jsonl", strings.TrimSuffix(s.file("data/history.jsonl"), "\n"))
	_, err = s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Legacy, Who: "eve"})
	require.NoError(t, err)
	require.Equal(t, []string{"eve", "ann", "file"}, who(s.history()))
}

func TestJournal_UnreadableLineIsPassedOver(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Who: "ann"})
	require.NoError(t, err)
	s.write("data/history.jsonl", "\x00\x00 lost\n"+s.file("data/history.jsonl"))
	require.Equal(t, []string{"ann", "file"}, who(s.history()))
	require.Contains(t, s.log.String(), "lines of the journal cannot be read")
}

func TestHistory_LongJournalIsReadFromItsEnd(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	require.NoError(t, os.Mkdir(s.data, 0o755))
	j := &journal{path: filepath.Join(s.data, journalFile)}
	var records []record
	for i := range uint64(2_000) {
		records = append(records, record{begun, i + 1, &Entry{Who: "ann", Why: strings.Repeat("why ", 50)}}, record{State: done, Epoch: i + 1})
	}
	require.NoError(t, j.append(records...))
	for _, limit := range []int{1, 70, 1999, 2000, 5000, 0} {
		entries, err := s.History(limit)
		require.NoError(t, err)
		want := 2_000
		if limit > 0 {
			want = min(limit, want)
		}
		require.Len(t, entries, want)
		require.Equal(t, uint64(2_000), entries[0].Epoch)
		require.Equal(t, uint64(2_000-want+1), entries[want-1].Epoch)
	}
}

func who(entries []Entry) []string {
	var names []string
	for _, e := range entries {
		names = append(names, e.Who)
	}
	return names
}
