package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
)

func TestPatience_LegacyThatDoesNotAnswerIsNotWaitedForAtEveryLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p patience
		asked, away := 0, true
		look := func() error {
			_, err := p.ask(t.Context(), func(context.Context) (int64, error) {
				asked++
				if away {
					time.Sleep(2 * time.Second)
					return 0, context.DeadlineExceeded
				}
				return 7, nil
			})
			return err
		}
		require.ErrorIs(t, look(), context.DeadlineExceeded)
		began := time.Now()
		for range 100 {
			require.ErrorIs(t, look(), errLegacyAway)
		}
		require.Zero(t, time.Since(began), "the pages know at once")
		require.Equal(t, 1, asked)
		away = false
		time.Sleep(askAgainAfter)
		require.NoError(t, look())
		require.NoError(t, look())

		_, err := p.ask(t.Context(), func(context.Context) (int64, error) { return 0, context.Canceled })
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, look(), "a viewer who left says nothing of legacy")
	})
}

func TestBudgetWords_SayHowManyConnectionsLegacyGets(t *testing.T) {
	in := &installation{budget: newBudget(legacydb.Config{Connections: 8}, nil)}
	require.Equal(t, "all of its 8 connections may be used", in.budgetWords())
	failing := errors.New("away")
	for range 3 * relay.AdaptAnswers {
		end, err := in.budget.Lease(t.Context(), relay.Drain, relay.Work{Kind: "write"})
		require.NoError(t, err)
		end(failing)
	}
	require.Equal(t, "it answers slowly: at most 4 of its 8 connections are used", in.budgetWords())
	in.budget = newBudget(legacydb.Config{Connections: 1, FixedBudget: true}, nil)
	require.Equal(t, "its one connection may be used", in.budgetWords())
}
