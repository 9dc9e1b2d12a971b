package local_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
	"github.com/banyan-edge/banyan/legacy-adapter/replay/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a store and its clock.
type book struct {
	*local.Store
	t    *testing.T
	path string
	now  time.Time
}

func open(t *testing.T) *book {
	b := &book{t: t, path: filepath.Join(t.TempDir(), "captures.db"), now: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)}
	b.reopen()
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func (b *book) reopen() {
	var err error
	b.Store, err = local.Open(b.t.Context(), local.Options{Path: b.path, Now: func() time.Time { return b.now }, NoSync: true})
	require.NoError(b.t, err)
}

// accept captures a body of a session.
func (b *book) accept(session, body string) replay.Capture {
	b.t.Helper()
	c, _, err := b.try(session, body, time.Minute)
	require.NoError(b.t, err)
	return c
}

func (b *book) try(session, body string, ttl time.Duration) (replay.Capture, replay.Receipt, error) {
	c := replay.Capture{
		Request: replay.Request{Method: "POST", Target: "/x?y", Host: "shop", Header: http.Header{"Cookie": {"sid=" + session}}, Body: []byte(body), Rule: "r", Epoch: 3},
		ID:      order.NewID(b.now), Session: session, AcceptedAt: b.now,
	}
	claim := replay.Claim{TTL: ttl, Derived: true}
	copy(claim.Key[:], session+body)
	copy(claim.Fingerprint[:], body)
	receipt, err := b.Accept(context.Background(), &c, claim)
	return c, receipt, err
}

func (b *book) settle(c replay.Capture, s replay.Settlement) replay.Settled {
	b.t.Helper()
	s.Seq, s.At = c.Seq, b.now
	done, err := b.Settle(b.t.Context(), s)
	require.NoError(b.t, err)
	return done
}

func (b *book) due() []string {
	b.t.Helper()
	heads, _, err := b.Due(b.t.Context(), b.now, 100)
	require.NoError(b.t, err)
	ids := []string{}
	for _, h := range heads {
		ids = append(ids, h.ID)
	}
	return ids
}

func TestStore_GivesBackWhatItWasGiven(t *testing.T) {
	b := open(t)
	c := b.accept("ann", "\x00body")
	got, err := b.Load(t.Context(), c.Seq)
	require.NoError(t, err)
	require.Equal(t, c.Request, got.Request)
	require.Equal(t, c.ID, got.ID)
	require.True(t, c.AcceptedAt.Equal(got.AcceptedAt))
	require.Equal(t, replay.Waiting, got.State)
}

func TestStore_WorksOnTheFirstOfEachSession(t *testing.T) {
	b := open(t)
	first, second, other := b.accept("ann", "1"), b.accept("ann", "2"), b.accept("bob", "1")
	require.Equal(t, []string{first.ID, other.ID}, b.due())
	require.NoError(t, b.Begin(t.Context(), first.Seq, b.now))
	require.Equal(t, []string{other.ID}, b.due(), "what is being sent is nobody else's")
	require.ErrorIs(t, b.Begin(t.Context(), second.Seq, b.now), order.ErrNotFound, "not before the first has ended")

	b.settle(first, replay.Settlement{State: replay.Waiting, DueAt: b.now.Add(time.Minute)})
	require.Equal(t, []string{other.ID}, b.due())
	_, next, err := b.Due(t.Context(), b.now, 1)
	require.NoError(t, err)
	require.True(t, b.now.Add(time.Minute).Equal(next))
	b.now = b.now.Add(time.Minute)
	require.Equal(t, []string{other.ID, first.ID}, b.due())

	done := b.settle(first, replay.Settlement{State: replay.Written})
	require.Equal(t, &replay.Head{Seq: second.Seq, ID: second.ID, Session: "ann"}, done.Next)
	require.Equal(t, replay.Written, b.settle(first, replay.Settlement{State: replay.Written}).State, "settling twice changes nothing")
	l, err := b.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 3, Written: 1, Waiting: 2}, l)
}

func TestStore_WhatWasBeingSentAtTheCrashIsUnknown(t *testing.T) {
	b := open(t)
	sending, waiting := b.accept("ann", "1"), b.accept("bob", "1")
	require.NoError(t, b.Begin(t.Context(), sending.Seq, b.now))
	require.NoError(t, b.Close())
	b.reopen()
	got, err := b.Load(t.Context(), sending.Seq)
	require.NoError(t, err)
	require.Equal(t, replay.Unknown, got.State)
	require.True(t, got.Doubt)
	require.True(t, got.Told, "nobody waits for it any more")
	require.True(t, b.now.Equal(got.SentAt))
	got, err = b.Load(t.Context(), waiting.Seq)
	require.NoError(t, err)
	require.Equal(t, replay.Waiting, got.State)
	require.False(t, got.Doubt)
	require.Len(t, b.due(), 2)
}

func TestStore_KeyHoldsItsTimeAndAsLongAsTheFirstWaits(t *testing.T) {
	b := open(t)
	first, _, err := b.try("ann", "rod", 10*time.Minute)
	require.NoError(t, err)
	b.now = b.now.Add(time.Hour)
	_, receipt, err := b.try("ann", "rod", 10*time.Minute)
	require.NoError(t, err)
	require.Equal(t, replay.Receipt{ID: first.ID, Session: "ann", Replayed: true}, receipt, "it still waits")

	b.settle(first, replay.Settlement{State: replay.Written})
	second, receipt, err := b.try("ann", "rod", 10*time.Minute)
	require.NoError(t, err)
	require.False(t, receipt.Replayed)
	b.settle(second, replay.Settlement{State: replay.Written})
	_, receipt, err = b.try("ann", "rod", 10*time.Minute)
	require.NoError(t, err)
	require.Equal(t, second.ID, receipt.ID)
	b.now = b.now.Add(10 * time.Minute)
	_, receipt, err = b.try("ann", "rod", 10*time.Minute)
	require.NoError(t, err)
	require.False(t, receipt.Replayed)
}

func TestStore_RefusalIsDeadOnceTheShopperWasToldOtherwise(t *testing.T) {
	b := open(t)
	seen, told := b.accept("ann", "1"), b.accept("bob", "1")
	ended, err := b.Tell(t.Context(), told.ID)
	require.NoError(t, err)
	require.False(t, ended)
	refused := replay.Settlement{State: replay.Cancelled, Refused: true, Cause: "no", Answer: &replay.Answer{Status: 409, Body: []byte("no")}}
	require.Equal(t, replay.Cancelled, b.settle(seen, refused).State)
	require.Equal(t, replay.Dead, b.settle(told, refused).State)
	ended, err = b.Tell(t.Context(), seen.ID)
	require.NoError(t, err)
	require.True(t, ended, "the answer came first")
	record, err := b.Find(t.Context(), told.ID)
	require.NoError(t, err)
	require.Equal(t, 409, record.Answer.Status)
	l, err := b.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 2, Dead: 1, Cancelled: 1}, l)
}

func TestStore_ForgetsWhatHasEndedButNotTheDeadNorTheCount(t *testing.T) {
	b := open(t)
	written, dead, waiting := b.accept("ann", "1"), b.accept("bob", "1"), b.accept("cid", "1")
	b.settle(written, replay.Settlement{State: replay.Written, Answer: &replay.Answer{Status: 200}})
	b.settle(dead, replay.Settlement{State: replay.Dead})
	require.NoError(t, b.Forget(t.Context(), b.now))
	_, err := b.Find(t.Context(), written.ID)
	require.NoError(t, err, "too early")
	b.now = b.now.Add(time.Hour)
	require.NoError(t, b.Forget(t.Context(), b.now))
	_, err = b.Find(t.Context(), written.ID)
	require.ErrorIs(t, err, order.ErrNotFound)
	for _, c := range []replay.Capture{dead, waiting} {
		_, err = b.Find(t.Context(), c.ID)
		require.NoError(t, err)
	}
	l, err := b.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 3, Written: 1, Waiting: 1, Dead: 1}, l)
	require.Zero(t, b.ask("SELECT count(*) FROM answers"))
	require.EqualValues(t, 2, b.ask("SELECT count(*) FROM claims"))
	require.Greater(t, b.accept("dee", "1").Seq, waiting.Seq)
}

func (b *book) ask(question string) (n int64) {
	b.t.Helper()
	db, err := sql.Open("sqlite", b.path)
	require.NoError(b.t, err)
	defer db.Close()
	require.NoError(b.t, db.QueryRowContext(b.t.Context(), question).Scan(&n))
	return n
}

func TestStore_RedrivenTakesItsOldPlace(t *testing.T) {
	b := open(t)
	dead, later := b.accept("ann", "1"), b.accept("ann", "2")
	b.settle(dead, replay.Settlement{State: replay.Dead})
	require.NoError(t, b.Begin(t.Context(), later.Seq, b.now))
	require.NoError(t, b.Redrive(t.Context(), dead.ID, replay.Act{Who: "joe"}))
	require.Empty(t, b.due(), "one of a session at a time")
	b.settle(later, replay.Settlement{State: replay.Written})
	require.Equal(t, []string{dead.ID}, b.due())
}

func TestStore_WhatIsDoneToADeadLetterStandsInItsAudit(t *testing.T) {
	b := open(t)
	joe := replay.Act{Who: "joe", Why: "she called"}
	c := b.accept("ann", "1")
	require.ErrorIs(t, b.Redrive(t.Context(), c.ID, joe), replay.ErrNotDead)
	require.ErrorIs(t, b.Drop(t.Context(), "01KA0000000000000000000000", joe), order.ErrNotFound)
	b.settle(c, replay.Settlement{State: replay.Dead, Cause: "legacy answered 409 Conflict"})
	require.NoError(t, b.NoteCheck(t.Context(), c.ID, "legacy does not have it", joe))
	require.NoError(t, b.Edit(t.Context(), c.ID, []byte("2"), joe))
	require.NoError(t, b.Redrive(t.Context(), c.ID, joe))
	changed, err := b.Load(t.Context(), c.Seq)
	require.NoError(t, err)
	require.Equal(t, "2", string(changed.Body))
	b.settle(c, replay.Settlement{State: replay.Dead, Cause: "legacy answered 410 Gone", Sent: true})
	require.ErrorIs(t, b.Edit(t.Context(), c.ID, []byte("3"), joe), replay.ErrMayBeThere, "legacy may have it as it was")
	require.NoError(t, b.Drop(t.Context(), c.ID, joe))
	trail, err := b.Trail(t.Context(), c.ID)
	require.NoError(t, err)
	var actions []replay.Action
	for _, e := range trail {
		actions = append(actions, e.Action)
	}
	require.Equal(t, []replay.Action{replay.Refused, replay.Checked, replay.Edited, replay.Redriven, replay.Refused, replay.Dropped}, actions)
	require.Equal(t, "legacy", trail[0].Who)
	require.Equal(t, replay.AuditEntry{At: trail[5].At, Action: replay.Dropped, Who: "joe", Why: "she called", Cause: "legacy answered 410 Gone"}, trail[5])
	require.EqualValues(t, 1, b.ask("SELECT count(*) FROM audit WHERE before = x'31'"))
}

func TestStore_GroupsTheDeadByCause(t *testing.T) {
	b := open(t)
	for n := range 5 {
		c := b.accept(fmt.Sprint("session", n), fmt.Sprint(n))
		cause := "legacy answered 409 Conflict"
		if n == 3 {
			cause = "outcome unknown"
		}
		b.settle(c, replay.Settlement{State: replay.Dead, Cause: cause})
	}
	causes, err := b.Causes(t.Context())
	require.NoError(t, err)
	require.Len(t, causes, 2)
	require.EqualValues(t, 4, causes[0].Count)
	require.Equal(t, "legacy answered 409 Conflict", causes[0].Cause)
	first, err := b.Dead(t.Context(), replay.DeadFilter{Cause: "CONFLICT", Limit: 2})
	require.NoError(t, err)
	require.Equal(t, causes[0].Example, first[0].ID)
	next, err := b.Dead(t.Context(), replay.DeadFilter{Cause: "conflict", After: first[1].ID})
	require.NoError(t, err)
	require.Len(t, next, 2)
	none, err := b.Dead(t.Context(), replay.DeadFilter{Cause: "sold out"})
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestStore_CountsHowOftenLegacyItselfFailed(t *testing.T) {
	b := open(t)
	c := b.accept("ann", "1")
	first := b.now
	for n := range 3 {
		require.NoError(t, b.Begin(t.Context(), c.Seq, b.now))
		b.settle(c, replay.Settlement{State: replay.Waiting, Failed: n != 1, At: b.now})
		b.now = b.now.Add(time.Hour)
	}
	got, err := b.Load(t.Context(), c.Seq)
	require.NoError(t, err)
	require.Equal(t, 2, got.Failures)
	require.True(t, first.Equal(got.FailingSince))
}

func TestStore_IsItsOwnersToRead(t *testing.T) {
	b := open(t)
	b.accept("ann", "1")
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(b.path + suffix)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), suffix)
	}
}

func TestStore_IsOneProcessesAlone(t *testing.T) {
	b := open(t)
	_, err := local.Open(t.Context(), local.Options{Path: b.path})
	require.ErrorIs(t, err, local.ErrLocked)
	r, err := local.OpenReader(t.Context(), b.path)
	require.NoError(t, err)
	defer r.Close()
	b.accept("ann", "1")
	l, err := r.Ledger(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, l.Waiting)
}

func TestStore_ManyAtOnceAreAllKept(t *testing.T) {
	b := open(t)
	var crowd sync.WaitGroup
	for i := range 200 {
		crowd.Go(func() {
			_, receipt, err := b.try(fmt.Sprint("s", i%50), fmt.Sprint("b", i%100), time.Minute)
			require.NoError(t, err)
			require.NotEmpty(t, receipt.ID)
		})
	}
	crowd.Wait()
	l, err := b.Ledger(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 100, l.Accepted, "each twice, kept once")
	require.Len(t, b.due(), 50)
}

func TestStore_OtherBodyUnderAKeyIsRefused(t *testing.T) {
	b := open(t)
	c := replay.Capture{ID: order.NewID(b.now), Session: "ann"}
	_, err := b.Accept(t.Context(), &c, replay.Claim{Key: [16]byte{1}, Fingerprint: [16]byte{1}, TTL: time.Minute})
	require.NoError(t, err)
	d := replay.Capture{ID: order.NewID(b.now), Session: "ann"}
	_, err = b.Accept(t.Context(), &d, replay.Claim{Key: [16]byte{1}, Fingerprint: [16]byte{2}, TTL: time.Minute})
	require.ErrorIs(t, err, order.ErrKeyReused)
	require.NoError(t, b.Close())
	_, err = b.Accept(t.Context(), &d, replay.Claim{Key: [16]byte{3}})
	require.ErrorIs(t, err, order.ErrUnavailable)
}

func BenchmarkStore_Accept(b *testing.B) {
	for name, noSync := range map[string]bool{"durable": false, "without fsync": true} {
		b.Run(name, func(b *testing.B) {
			s, err := local.Open(b.Context(), local.Options{Path: filepath.Join(b.TempDir(), "captures.db"), NoSync: noSync})
			require.NoError(b, err)
			defer s.Close()
			body := make([]byte, 1024)
			b.SetParallelism(64)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c := replay.Capture{Request: replay.Request{Method: "POST", Target: "/x", Body: body}, ID: order.NewID(time.Now())}
					c.Session = c.ID
					var claim replay.Claim
					copy(claim.Key[:], c.ID[10:])
					if _, err := s.Accept(context.Background(), &c, claim); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func TestStore_OfAnOlderVersionIsBroughtUpToDateWithAllItHolds(t *testing.T) {
	b := open(t)
	c := b.accept("ann", "1")
	b.settle(c, replay.Settlement{State: replay.Dead, Cause: "legacy answered 409 Conflict"})
	waits := b.accept("bob", "2")
	require.NoError(t, b.Close())
	db, err := sql.Open("sqlite", b.path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "DROP TABLE audit; ALTER TABLE queue DROP COLUMN failures; ALTER TABLE queue DROP COLUMN failing_since; PRAGMA user_version = 1")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = local.OpenReader(t.Context(), b.path)
	require.ErrorContains(t, err, "made by an older banyan")
	b.reopen()
	require.Equal(t, []string{waits.ID}, b.due())
	require.NoError(t, b.Redrive(t.Context(), c.ID, replay.Act{Who: "joe"}))
	trail, err := b.Trail(t.Context(), c.ID)
	require.NoError(t, err)
	require.Len(t, trail, 1)
}
