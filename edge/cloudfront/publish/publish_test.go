package publish

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish/kvstest"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// publisher returns one that waits for nothing, as a process of its own has it.
func publisher(t testing.TB, s *kvstest.Server, adjust ...func(*Options)) *Publisher {
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", ""),
	}
	o := Options{
		Client: NewClient(cfg), Store: kvstest.ARN, Now: func() time.Time { return noon },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, f := range adjust {
		f(&o)
	}
	p, err := New(o)
	require.NoError(t, err)
	return p
}

// shards returns a table of n items whose values name the epoch.
func shards(epoch uint64, n int) Wanted {
	w := Wanted{Epoch: epoch, Items: map[string]string{"table": fmt.Sprintf(`{"epoch":"%d"}`, epoch)}, Last: []string{"table"}}
	for i := range n - 1 {
		w.Items[fmt.Sprintf("p.%04d", i)] = fmt.Sprintf("|rod-%d s %d|", i, epoch)
	}
	return w
}

func requireHas(t testing.TB, s *kvstest.Server, w Wanted) {
	t.Helper()
	items := s.Items()
	mark, err := readMark(items[MarkKey])
	require.NoError(t, err)
	require.Equal(t, w.Epoch, mark.Epoch)
	require.Nil(t, mark.Writing, "the mark says that it is done")
	delete(items, MarkKey)
	require.True(t, maps.Equal(w.Items, items), "the store has exactly the wanted items")
}

func TestPublish_ASmallChangeIsOneAtomicCallAndReadBack(t *testing.T) {
	s := kvstest.Start(t)
	r, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5), Who: "ann", Why: "the sale"})
	require.NoError(t, err)
	require.True(t, r.Published)
	require.True(t, r.Verified)
	requireHas(t, s, shards(12, 5))
	require.Len(t, s.Updates(), 1)

	next := shards(12, 5)
	next.Epoch, next.Items["p.0001"] = 13, "|rod-1 s|"
	s.Forget()
	r, err = publisher(t, s).Publish(t.Context(), Job{Wanted: next, Who: "ann"})
	require.NoError(t, err)
	require.Equal(t, [][]string{{"p.0001", MarkKey}}, s.Updates(), "nothing that stays is written")
	require.Equal(t, len(s.Calls()), r.Calls)
	require.Equal(t, USD(len(s.Calls()))*Prices.Call, r.Cost)
	require.LessOrEqual(t, r.Calls, r.Plan.Calls.Total())
}

func TestPublish_AgainDoesNothing(t *testing.T) {
	s := kvstest.Start(t)
	_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.NoError(t, err)
	s.Forget()
	r, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.NoError(t, err)
	require.False(t, r.Published)
	require.True(t, r.Verified)
	require.True(t, r.Plan.Nothing())
	require.Empty(t, s.Updates())
}

func TestPublish_ALargeTableGoesInCallsOfFiftyBetweenTwoMarks(t *testing.T) {
	s := kvstest.Start(t)
	var at []Progress
	p := publisher(t, s, func(o *Options) { o.Progress = func(p Progress) { at = append(at, p) } })
	_, err := p.Publish(t.Context(), Job{Wanted: shards(12, 330), Who: "ann"})
	require.NoError(t, err)
	requireHas(t, s, shards(12, 330))
	updates := s.Updates()
	require.Len(t, updates, 7, "332 keys, 50 a call")
	require.Equal(t, MarkKey, updates[0][0])
	last := updates[len(updates)-1]
	require.Equal(t, []string{"table", MarkKey}, last[len(last)-2:])
	require.Equal(t, Progress{Calls: 7, AllCalls: 7, Items: 330, AllItems: 330}, at[len(at)-1])
}

func TestPublish_RememberedStoreIsNotListed(t *testing.T) {
	s := kvstest.Start(t)
	remember := func(o *Options) { o.Memory = FileMemory{Path: filepath.Join(t.TempDir(), "published.json")} }
	p := publisher(t, s, remember)
	_, err := p.Publish(t.Context(), Job{Wanted: shards(12, 330)})
	require.NoError(t, err)
	s.Forget()
	next := shards(12, 330)
	next.Epoch, next.Items["p.0007"] = 13, "|rod-7 s|"
	_, err = p.Publish(t.Context(), Job{Wanted: next})
	require.NoError(t, err)
	require.Equal(t, []string{"DescribeKeyValueStore", "UpdateKeys", "GetKey", "GetKey", "DescribeKeyValueStore"}, s.Calls())

	s.Set("p.0008", "by hand")
	s.Forget()
	state, err := p.Read(t.Context())
	require.NoError(t, err)
	require.Contains(t, s.Calls(), "ListKeys", "the ETag is another: what is remembered no longer counts")
	require.Equal(t, "by hand", state.Items["p.0008"])
}

func TestPublish_RefusesAnOlderTable(t *testing.T) {
	s := kvstest.Start(t)
	_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5), Who: "bob"})
	require.NoError(t, err)
	before := s.Items()

	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: shards(11, 5)})
	require.ErrorIs(t, err, ErrOlder)
	require.ErrorContains(t, err, "the store has epoch 12, by bob, and this table is epoch 11")
	other := shards(12, 6)
	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: other})
	require.ErrorIs(t, err, ErrSameEpoch)
	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: other, Overwrite: true})
	require.ErrorIs(t, err, ErrSameEpoch, "overwriting is for edits by hand")
	require.Equal(t, before, s.Items())
}

func TestPublish_ShowsAndSparesAnEditByHand(t *testing.T) {
	s := kvstest.Start(t)
	base := shards(12, 5)
	_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: base})
	require.NoError(t, err)
	s.Set("p.0001", "|rod-1 l|")
	s.Delete("p.0002")
	before := s.Items()

	r, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(13, 5), Base: base.Items})
	require.ErrorIs(t, err, ErrEdited)
	require.Equal(t, []Change{{Key: "p.0001", Before: "|rod-1 s 12|", After: "|rod-1 l|"}, {Key: "p.0002", Before: "|rod-2 s 12|"}}, r.Plan.Edits)
	require.Equal(t, before, s.Items())

	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: shards(13, 5), Overwrite: true})
	require.NoError(t, err)
	requireHas(t, s, shards(13, 5))
}

func TestPublish_SparesAnEditThatIsMadeMeanwhile(t *testing.T) {
	s, _ := before(t)
	s.Fail(func(op string, n int) kvstest.Fault {
		if op == "UpdateKeys" && len(s.Updates()) == 0 {
			return kvstest.Intrude
		}
		return kvstest.None
	})
	_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: after(12)})
	require.ErrorIs(t, err, ErrEdited)
	require.Empty(t, s.Updates())
}

func TestPublish_SparesAStoreThatIsNotBanyans(t *testing.T) {
	s := kvstest.Start(t)
	s.Set("feature-flags", "on")
	_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, `"feature-flags"`)
	require.Equal(t, map[string]string{"feature-flags": "on"}, s.Items())
	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5), Overwrite: true})
	require.NoError(t, err)
	requireHas(t, s, shards(12, 5))
}

func TestPublish_TakesOverAStoreThatWasImported(t *testing.T) {
	s := kvstest.Start(t)
	for key, value := range shards(12, 5).Items {
		s.Set(key, value)
	}
	r, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.NoError(t, err)
	require.Zero(t, r.Plan.Items())
	require.Equal(t, [][]string{{MarkKey}}, s.Updates())
}

func TestPublish_StaleETagIsKnownByEitherError(t *testing.T) {
	for _, code := range []string{"ConflictException", "ValidationException"} {
		s := kvstest.Start(t)
		s.StaleETag = code
		once := true
		s.Fail(func(op string, _ int) kvstest.Fault {
			if op == "UpdateKeys" && once {
				once = false
				return kvstest.Intrude
			}
			return kvstest.None
		})
		_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 120), Overwrite: true})
		require.NoError(t, err, code)
		requireHas(t, s, shards(12, 120))
	}
}

func TestPublish_GivesUpWhereSomebodyWritesAllTheTime(t *testing.T) {
	s := kvstest.Start(t)
	s.Fail(func(op string, _ int) kvstest.Fault {
		if op == "UpdateKeys" {
			return kvstest.Intrude
		}
		return kvstest.None
	})
	r, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5), Overwrite: true})
	require.ErrorIs(t, err, ErrContended)
	require.False(t, r.Published)
	require.Equal(t, 6, r.Left, "five items, and the intruder's to remove")
}

func TestPublish_WaitsUntilReadsShowWhatWasWritten(t *testing.T) {
	s := kvstest.Start(t)
	s.Lag = 3
	r, err := publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.NoError(t, err)
	require.True(t, r.Verified)
	require.Len(t, s.Updates(), 1, "what is late is not written again")
}

func TestPublish_RefusalsSayWhatTheyMean(t *testing.T) {
	s := kvstest.Start(t)
	missing := publisher(t, s, func(o *Options) { o.Store = kvstest.ARN[:len(kvstest.ARN)-1] + "2" })
	_, err := missing.Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.ErrorIs(t, err, ErrNoStore)

	s.Fail(func(op string, _ int) kvstest.Fault { return kvstest.Deny })
	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.ErrorIs(t, err, ErrDenied)
	require.ErrorContains(t, err, "cloudfront-keyvaluestore:DescribeKeyValueStore", "the action that is missing")
	require.Len(t, s.Calls(), 2, "a refusal is not asked for twice")
}

func TestPublish_StopFinishesTheCallInHandAndSaysWhatIsLeft(t *testing.T) {
	s := kvstest.Start(t)
	ctx, stop := context.WithCancel(t.Context())
	updates := 0
	s.Fail(func(op string, _ int) kvstest.Fault {
		if op == "UpdateKeys" {
			if updates++; updates == 2 {
				stop()
			}
		}
		return kvstest.None
	})
	r, err := publisher(t, s).Publish(ctx, Job{Wanted: shards(12, 330)})
	require.ErrorIs(t, err, ErrStopped)
	require.Len(t, s.Updates(), 2, "the second call was finished")
	require.Equal(t, 330-99, r.Left)
	require.False(t, r.Published)

	r, err = publisher(t, s).Publish(t.Context(), Job{Wanted: shards(12, 330)})
	require.NoError(t, err)
	require.True(t, r.Plan.Resumes)
	require.Equal(t, 330-99, r.Plan.Items(), "what is there is not written again")
	requireHas(t, s, shards(12, 330))
}

func TestPublish_LogsWithoutValues(t *testing.T) {
	var log bytes.Buffer
	s := kvstest.Start(t)
	p := publisher(t, s, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	_, err := p.Publish(t.Context(), Job{Wanted: shards(12, 5)})
	require.NoError(t, err)
	require.Contains(t, log.String(), `msg=published epoch=12`)
	require.NotContains(t, log.String(), "rod-1")
}
