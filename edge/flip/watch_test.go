package flip

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// watched is a shop with an edge running.
type watched struct {
	*shop
	tables chan *route.Table
}

func watchShop(t *testing.T, s *shop) *watched {
	w := &watched{s, make(chan *route.Table, 16)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(ctx, func(t *route.Table) { w.tables <- t })
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return w
}

// next waits for the next table.
func (w *watched) next() *route.Table {
	select {
	case table := <-w.tables:
		return table
	case <-time.After(30 * time.Second):
		require.Fail(w.t, "no table came", w.log.String())
		return nil
	}
}

// until waits for a table that a product says something in.
func (w *watched) until(slug, words string) *route.Table {
	for {
		table := w.next()
		if p, ok := table.Product(slug); ok && p.Words() == words {
			return table
		}
	}
}

func TestWatch_FlipOfAnotherStoreIsLive(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	w := watchShop(t, s)
	require.Equal(t, uint64(1), w.next().Epoch())
	cli, err := Open(Options{Config: s.config, Data: s.data})
	require.NoError(t, err)
	e, err := cli.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Who: "ann"})
	require.NoError(t, err)
	require.Equal(t, e.Epoch, w.until("muskie-casting-rod", "serverless").Epoch())
	require.Equal(t, []string{"ann", "file"}, who(s.history()), "the edge adds nothing to a flip")
}

func TestWatch_ChangeByHandIsLiveAndInTheJournal(t *testing.T) {
	for name, edit := range map[string]func(path, text string) error{
		"replaced": func(path, text string) error {
			if err := os.WriteFile(path+".swp", []byte(text), 0o644); err != nil {
				return err
			}
			return os.Rename(path+".swp", path)
		},
		"written in place": func(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			w := watchShop(t, newShop(t, shopConfig, shopProducts))
			w.next()
			require.NoError(t, edit(filepath.Join(w.dir, "products.yaml"), strings.Replace(shopProducts, "tourney-casting-rod: legacy", "tourney-casting-rod: serverless", 1)))
			table := w.until("tourney-casting-rod", "serverless")
			last := w.history()[0]
			require.Equal(t, table.Epoch(), last.Epoch)
			require.Equal(t, byHand, last.Who)
			require.Contains(t, last.What, "tourney-casting-rod: ")
		})
	}
}

func TestWatch_BrokenFileKeepsTheLastGoodTable(t *testing.T) {
	w := watchShop(t, newShop(t, shopConfig, shopProducts))
	w.next()
	w.write("products.yaml", "muskie-casting-rod: sometimes\n")
	require.Eventually(t, func() bool { return w.Problems().Err() != nil }, 30*time.Second, time.Millisecond)
	require.ErrorContains(t, w.Problems().Err(), "products.yaml:1:21: unknown arm (sometimes)")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "banyan.yaml")))
	require.Eventually(t, func() bool { return strings.Contains(w.log.String(), "the files cannot be read") }, 30*time.Second, time.Millisecond)

	w.write("products.yaml", "muskie-casting-rod: serverless\n")
	w.write("banyan.yaml", shopConfig)
	require.Equal(t, uint64(2), w.until("muskie-casting-rod", "serverless").Epoch())
	require.Empty(t, w.tables, "nothing broken was handed out")
	require.NoError(t, w.Problems().Err())
	require.Equal(t, 1, strings.Count(w.log.String(), "the files have errors"), "said once")
	require.Equal(t, 1, strings.Count(w.log.String(), "the files cannot be read"), "said once")
}

func TestWatch_ProductsFileMayMove(t *testing.T) {
	w := watchShop(t, newShop(t, shopConfig, shopProducts))
	w.next()
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "merchants"), 0o755))
	w.write("merchants/flips.yaml", "muskie-casting-rod: serverless\n")
	w.write("banyan.yaml", strings.Replace(shopConfig, "products:", "products:\n  file: merchants/flips.yaml", 1))
	w.until("muskie-casting-rod", "serverless")
	_, err := w.Apply(Change{Product: "muskie-casting-rod", Arm: route.Legacy})
	require.NoError(t, err)
	w.until("muskie-casting-rod", "legacy")
	require.Equal(t, "muskie-casting-rod: legacy\n", w.file("merchants/flips.yaml"))
	require.Equal(t, shopProducts, w.file("products.yaml"))
}

func TestWatch_ChangeWhileNothingRanSaysWhatChanged(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	_, err := s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Serverless, Who: "ann"})
	require.NoError(t, err)
	s.write("banyan.yaml", strings.Replace(shopConfig, "/checkout*", "/checkout/*", 1))
	w := watchShop(t, s)
	require.Equal(t, uint64(3), w.next().Epoch())
	require.Equal(t, "route checkout: /checkout* to serverless → /checkout/* to serverless", s.history()[0].What)
}
