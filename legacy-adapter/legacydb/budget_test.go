package legacydb_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
)

// TestBudget_FollowsAPostgresThatSlowsDownAndNeverExceedsItsConnections has
// 1,000 callers at a database whose statements take turns, and counts on its
// side.
func TestBudget_FollowsAPostgresThatSlowsDownAndNeverExceedsItsConnections(t *testing.T) {
	const connections = 8
	l := newPostgresLegacy(t)
	b := relay.NewAdaptiveBudget(relay.BudgetOptions{Connections: connections})
	l.do(`CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		PERFORM pg_advisory_xact_lock(7); PERFORM pg_sleep(0.01); RETURN NEW;
	END $$; CREATE TRIGGER slowly BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION slowly()`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	call := func(n int) {
		class := relay.Class(n % 2)
		end, err := b.Lease(ctx, class, relay.Work{Kind: "write", Size: 1})
		if err != nil {
			return
		}
		o := mysqlOrder(fmt.Sprintf("shopper-%d@example.com", n%100), "rod")
		outcome := l.Write(context.WithoutCancel(ctx), []order.Order{o})[0]
		end(outcome.Err)
	}
	for n := range 2 * relay.AdaptAnswers { // it gets to know the database
		call(n)
	}
	most, counted := 0, make(chan struct{})
	go func() {
		defer close(counted)
		for ctx.Err() == nil {
			var now int
			if l.root.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'banyan'`).Scan(&now) == nil {
				most = max(most, now)
			}
		}
	}()
	var callers sync.WaitGroup
	for n := range 1000 {
		callers.Go(func() { call(n) })
	}
	require.Eventually(t, func() bool { return b.Limit() < connections/2 }, 20*time.Second, time.Millisecond, "a crowd that takes turns")
	require.LessOrEqual(t, b.Held(), connections)
	cancel()
	callers.Wait()
	<-counted
	require.LessOrEqual(t, most, connections, "counted by the database")
	require.Zero(t, b.Held())
}
