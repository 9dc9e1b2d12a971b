package flip

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// worker is another process on the same files: it flips its own product to and
// fro, and says each epoch on stdout.
func worker(config string) int {
	store, err := Open(Options{Config: config, Data: filepath.Join(filepath.Dir(config), "data")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rounds, _ := strconv.Atoi(os.Getenv("FLIP_TEST_ROUNDS"))
	for i := range rounds {
		e, err := store.Apply(Change{Product: os.Getenv("FLIP_TEST_PRODUCT"), Arm: route.Arm((i + 1) % 2), Who: os.Getenv("FLIP_TEST_PRODUCT")})
		if err != nil && !errors.Is(err, ErrUnchanged) {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(e.Epoch)
	}
	return 0
}

// process starts a worker.
func (s *shop) process(product string, rounds int) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(s.t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "FLIP_TEST_WORKER="+filepath.Join(s.dir, "banyan.yaml"),
		"FLIP_TEST_PRODUCT="+product, "FLIP_TEST_ROUNDS="+strconv.Itoa(rounds))
	cmd.Stderr = os.Stderr
	return cmd
}

func TestApply_GoroutinesAndProcessesNeverLoseAFlip(t *testing.T) {
	const writers, rounds = 3, 9
	s := newShop(t, shopConfig, shopProducts)
	errs := make(chan error, 2*writers)
	for i := range writers {
		cmd := s.process(fmt.Sprintf("process-%d", i), rounds)
		require.NoError(t, cmd.Start())
		go func() { errs <- cmd.Wait() }()
		go func() {
			for n := range rounds {
				c := Change{Product: fmt.Sprintf("goroutine-%d", i), Arm: route.Arm((n + 1) % 2), Who: "test"}
				if _, err := s.Apply(c); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 2 * writers {
		require.NoError(t, <-errs)
	}

	table, entries := s.table(), s.history()
	require.Len(t, entries, 2*writers*rounds+1, "every flip has its entry, and the files as they were found")
	for i, e := range entries {
		require.Equal(t, uint64(len(entries)-i), e.Epoch, "epochs are given once and in order")
	}
	require.Equal(t, entries[0].Epoch, table.Epoch())
	require.Len(t, table.Products(), 3+2*writers)
	for i := range writers {
		for _, name := range []string{"process", "goroutine"} {
			p, ok := table.Product(fmt.Sprintf("%s-%d", name, i))
			require.True(t, ok)
			require.Equal(t, route.Serverless, p.Arm)
		}
	}
	require.Contains(t, s.file("products.yaml"), shopProducts, "the rest of the file is as it was")
}

func TestApply_KilledAtAnyMomentLeavesFileAndJournalAgreed(t *testing.T) {
	s := newShop(t, shopConfig, shopProducts)
	for round := range 12 {
		cmd := s.process("muskie-casting-rod", 1_000_000)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		said := make([]byte, 1+7*round) // some flips in, then at whatever moment that is
		_, err = out.Read(said)
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()

		arm := mustFind(t, s.table(), "muskie-casting-rod").Arm
		last := s.history()[0]
		require.Equal(t, s.table().Epoch(), last.Epoch)
		require.Contains(t, last.What, "→ "+arm.String(), "the last entry is what the file says")
		_, err = s.Apply(Change{Product: "muskie-casting-rod", Arm: route.Legacy})
		if err != nil {
			require.ErrorIs(t, err, ErrUnchanged)
		}
	}
	entries := s.history()
	for i, e := range entries[:len(entries)-1] {
		require.Greater(t, e.Epoch, entries[i+1].Epoch)
		require.NotEqual(t, byHand, e.Who, "no crash is taken for a change by hand")
	}
	require.Contains(t, s.file("products.yaml"), "tourney-casting-rod: legacy\n\n# one of one\nvintage-creel-1962:\n")
}

func mustFind(t *testing.T, table *route.Table, slug string) route.Product {
	p, ok := table.Product(slug)
	require.True(t, ok)
	return p
}
