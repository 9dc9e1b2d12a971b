package k6

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// readNotes reads what the scripts wrote of their orders: a line before each
// attempt, and one when it was over. An attempt without the second was cut off.
// A key that is used by several attempts is one purchase.
func readNotes(path string) ([]shopper.Purchase, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*note)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if !strings.HasPrefix(lines.Text(), "{") {
			continue // somebody's own console.log
		}
		var p shopper.Purchase
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if p.Key == "" {
			continue // a listing's note
		}
		if all[p.Key] == nil {
			all[p.Key] = &note{Purchase: p}
		}
		all[p.Key].add(p)
	}
	var purchases []shopper.Purchase
	for _, n := range all {
		n.Silent = n.Silent || n.open > 0
		if n.Silent && n.Told == shopper.Declined {
			n.Told = shopper.Nothing
		}
		purchases = append(purchases, n.Purchase)
	}
	return purchases, lines.Err()
}

// note is a purchase with its attempts.
type note struct {
	shopper.Purchase
	open int // attempts that are not over
}

func (n *note) add(p shopper.Purchase) {
	if p.Ended == 0 {
		if n.open++; n.Ended == 0 {
			n.Silent = false // known when it is over
		}
		return
	}
	n.open--
	n.Sent, n.Ended = min(n.Sent, p.Sent), max(n.Ended, p.Ended)
	n.Silent = n.Silent || p.Silent
	if n.Told != shopper.Accepted {
		n.Told = p.Told
	}
	for _, id := range p.IDs {
		if !slices.Contains(n.IDs, id) {
			n.IDs = append(n.IDs, id)
		}
	}
}

func TestNotes_AnAttemptThatWasCutOffIsUncertain(t *testing.T) {
	path := t.TempDir() + "/notes"
	require.NoError(t, os.WriteFile(path, []byte(
		`{"key":"a","token":"tok_a","told":"nothing","sent":1000000,"silent":true}
{"key":"b","token":"tok_b","told":"nothing","sent":2000000,"silent":true}
{"key":"a","token":"tok_a","told":"accepted","ids":["1"],"sent":1000000,"ended":5000000,"silent":false}
{"key":"c","token":"tok_c","told":"nothing","sent":2000000,"silent":true}
{"key":"c","token":"tok_c","told":"declined","sent":2000000,"ended":7000000,"silent":false}
`), 0o600))
	purchases, err := readNotes(path)
	require.NoError(t, err)
	told := map[string]shopper.Told{}
	silent := map[string]bool{}
	for _, p := range purchases {
		told[p.Key], silent[p.Key] = p.Told, p.Silent
	}
	require.Equal(t, map[string]shopper.Told{"a": shopper.Accepted, "b": shopper.Nothing, "c": shopper.Declined}, told)
	require.Equal(t, map[string]bool{"a": false, "b": true, "c": false}, silent)
}

func TestNotes_SeveralAttemptsWithOneKeyAreOnePurchase(t *testing.T) {
	path := t.TempDir() + "/notes"
	require.NoError(t, os.WriteFile(path, []byte(
		`{"key":"a","told":"nothing","sent":1000000,"silent":true}
{"key":"a","told":"nothing","sent":2000000,"silent":true}
{"key":"a","told":"accepted","ids":["1"],"sent":2000000,"ended":4000000}
{"key":"a","told":"accepted","ids":["2"],"sent":1000000,"ended":3000000}
`), 0o600))
	purchases, err := readNotes(path)
	require.NoError(t, err)
	require.Len(t, purchases, 1)
	require.Equal(t, []string{"1", "2"}, purchases[0].IDs, "which is a lie that the truth check will find")
	require.EqualValues(t, 1000000, purchases[0].Sent)
	require.EqualValues(t, 4000000, purchases[0].Ended)
}
