package publish

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// published is a state as a publish leaves it.
func published(w Wanted) State {
	_, done := Job{Wanted: w, Who: "ann", Deployed: &w.Edge}.marks(State{}, noon)
	return State{Store: "arn", ETag: "1", Items: w.Items, Mark: done}
}

func TestCompare_SaysWhatChanges(t *testing.T) {
	w := shards(12, 4)
	w.Items["p.0001"], w.Items["p.0009"] = "|rod-1 l|", "|rod-9 s|"
	delete(w.Items, "p.0002")
	w.Epoch = 13
	p := Compare(published(shards(12, 4)), w, nil)
	require.Equal(t, []Change{{Key: "p.0009", After: "|rod-9 s|"}}, p.Added)
	require.Equal(t, []Change{{Key: "p.0001", Before: "|rod-1 s 12|", After: "|rod-1 l|"}}, p.Changed)
	require.Equal(t, []Change{{Key: "p.0002", Before: "|rod-2 s 12|"}}, p.Removed)
	require.Equal(t, uint64(12), p.From)
	require.Equal(t, uint64(13), p.To)
	require.Empty(t, p.Problems)
	require.Equal(t, Calls{Read: 4, Write: 1, Verify: 2, Cost: 7_000}, p.Calls)
	require.Equal(t, "epoch 12 → 13, items: 1 added, 1 changed, 1 removed", p.String())
}

func TestCompare_AnEpochAloneIsWrittenToo(t *testing.T) {
	w := shards(12, 4)
	w.Epoch = 13
	p := Compare(published(shards(12, 4)), w, nil)
	require.Zero(t, p.Items())
	require.False(t, p.Nothing())
	require.True(t, Compare(published(w), w, nil).Nothing())
}

func TestCompare_SaysWhatNeedsADeploy(t *testing.T) {
	now, w := shards(12, 4), shards(13, 4)
	now.Edge, w.Edge = Edge{Behaviors: "a", Function: "f"}, Edge{Behaviors: "b", Function: "f"}
	p := Compare(published(now), w, nil)
	require.Equal(t, []string{"behaviors"}, p.Deploy)
	require.Empty(t, p.Unknown)
	now.Edge = Edge{}
	require.Equal(t, []string{"behaviors", "function"}, Compare(published(now), w, nil).Unknown)
	require.Empty(t, p.Problems, "the products may be flipped without")
}

func TestCompare_EditsByHandAreShownOnlyAgainstWhatWasPublished(t *testing.T) {
	was, w := shards(12, 4), shards(13, 4)
	now := published(was)
	now.Items = shards(12, 4).Items
	now.Items["p.0000"] = "by hand"
	p := Compare(now, w, was.Items)
	require.True(t, p.Edited)
	require.Equal(t, []Change{{Key: "p.0000", Before: "|rod-0 s 12|", After: "by hand"}}, p.Edits)
	require.Empty(t, Compare(now, w, shards(11, 4).Items).Edits, "that was not what was published")
	require.ErrorIs(t, p.Problems[0], ErrEdited)
}

func TestCompare_FiguresWhereATableDoesNotFit(t *testing.T) {
	w := Wanted{Epoch: 1, Items: map[string]string{"big": strings.Repeat("x", ValueBytes+1), strings.Repeat("k", KeyBytes+1): "v", MarkKey: "mine"}}
	p := Compare(State{}, w, nil)
	var all []string
	for _, problem := range p.Problems {
		require.ErrorIs(t, problem, ErrTooLarge)
		all = append(all, problem.Message)
	}
	text := strings.Join(all, "\n")
	require.Contains(t, text, "the item big has 1001 bytes, and a value holds 1000")
	require.Contains(t, text, "a key has 1 to 512 bytes")
	require.Contains(t, text, MarkKey)

	w = shards(1, 2)
	for i := range 6_000 {
		w.Items[strings.Repeat("k", 8)+string(rune('a'+i%26))+strings.Repeat("z", i/26)[:min(400, i/26)]] = strings.Repeat("v", ValueBytes)
	}
	p = Compare(State{}, w, nil)
	require.Contains(t, p.Problems[0].Message, "and a store holds 5000000")
}

func TestPlan_TextNamesEveryFigure(t *testing.T) {
	now, w := shards(12, 4), shards(13, 40)
	now.Edge, w.Edge = Edge{Behaviors: "a"}, Edge{Behaviors: "b", Function: "f"}
	var out bytes.Buffer
	require.NoError(t, Compare(published(now), w, nil).Text(&out))
	text := out.String()
	require.Contains(t, text, "epoch 12 → 13, items: 36 added, 4 changed, 0 removed\n")
	require.Contains(t, text, "+ p.0003")
	require.Contains(t, text, "… and 20 more")
	require.Contains(t, text, "of 5000000 bytes")
	require.Contains(t, text, "behaviors: not as deployed")
	require.Contains(t, text, "function: nobody knows what is deployed")
	require.Contains(t, text, "$0.007 at the prices of 2026-09")
}

func TestPlan_JSONHasNoNullLists(t *testing.T) {
	text, err := json.Marshal(Compare(State{}, Wanted{}, nil))
	require.NoError(t, err)
	require.Contains(t, string(text), `"added":[],"changed":[],"removed":[]`)
	require.Contains(t, string(text), `"cost_usd":0.0`)
}

func TestMark_FitsAnItemWhateverItIsGiven(t *testing.T) {
	long := strings.Repeat("ü\x01<", 300)
	m := Mark{Epoch: 1<<64 - 1, Hash: hashItems(nil), At: noon, Who: long, Why: long, Edge: Edge{long[:40], long[:40]},
		Writing: &Writing{Epoch: 1<<64 - 1, Hash: hashItems(nil), At: noon, Who: long}}
	require.LessOrEqual(t, len(m.encode()), ValueBytes)
	back, err := readMark(m.encode())
	require.NoError(t, err)
	require.Equal(t, m.Epoch, back.Epoch)
	require.Equal(t, m.Hash, back.Hash)

	m.Who, m.Why, m.Writing = "ann", "the sale", nil
	back, err = readMark(m.encode())
	require.NoError(t, err)
	require.Equal(t, "the sale", back.Why)
}

func TestUSD_IsShownWithThreeDecimalsOrMore(t *testing.T) {
	for amount, want := range map[USD]string{0: "$0.000", 1_000: "$0.001", 7_500: "$0.0075", 101_000: "$0.101", 1_000_000: "$1.000", 12_345_678: "$12.345678"} {
		require.Equal(t, want, amount.String())
	}
}

func TestProblem_IsOfItsKind(t *testing.T) {
	var p Problem
	err := errors.Join(Compare(published(shards(12, 4)), shards(11, 4), nil).Problems[0])
	require.ErrorAs(t, err, &p)
	require.NotEmpty(t, p.Hint)
}
