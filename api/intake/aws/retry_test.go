package aws_test

import (
	"errors"
	"testing"

	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/order"
)

func flakyRig(t *testing.T) (*rig, *flakyDB) {
	db := &flakyDB{}
	r := newRig(t, func(o *aws.Options) {
		db.DynamoDB = o.DynamoDB
		o.DynamoDB = db
		o.Shards = func(int) int { return 2 }
	})
	r.stocked(t, rod, 10)
	return r, db
}

var errLost = errors.New("connection reset by peer")

func TestAccept_TroubleThatPassesIsNotNoticed(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"conflict on the stock":  cancelledFor("TransactionConflict", 3, 4),
		"conflict on the ledger": cancelledFor("TransactionConflict", 2, 4),
		"throttled counter":      cancelledFor("ThrottlingError", 3, 4),
		"throttled table":        &dbtypes.ProvisionedThroughputExceededException{},
		"request limit":          &dbtypes.RequestLimitExceeded{},
		"internal error":         &dbtypes.InternalServerError{},
		"still in progress":      &dbtypes.TransactionInProgressException{},
		"no answer":              errLost,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, db := flakyRig(t)
			db.transact.set(first(3, err), nil)
			receipt := r.accepted(t, orderOf("k", rod, 1))
			require.False(t, receipt.Replayed)
			require.Equal(t, 4, db.transact.calls)
			require.Equal(t, []string{receipt.OrderID}, r.sentIDs(t))
			require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, r.ledger(t))
		})
	}
}

func TestAccept_OrderWhoseAnswerWasLostIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	r, db := flakyRig(t)
	db.transact.set(nil, first(1, errLost))

	receipt := r.accepted(t, orderOf("k", rod, 2))

	require.False(t, receipt.Replayed)
	require.Equal(t, []string{receipt.OrderID}, r.sentIDs(t))
	require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, r.ledger(t))
	left, err := r.Left(t.Context(), rod)
	require.NoError(t, err)
	require.Equal(t, 8, left)
	again := r.accepted(t, orderOf("k", rod, 2))
	require.True(t, again.Replayed)
	require.Equal(t, receipt.OrderID, again.OrderID)
}

func TestAccept_TroubleThatStaysMakesItUnavailable(t *testing.T) {
	t.Parallel()
	r, db := flakyRig(t)
	db.transact.set(first(-1, cancelledFor("TransactionConflict", 3, 4)), nil)
	_, err := r.Accept(t.Context(), orderOf("k", rod, 1))
	require.ErrorIs(t, err, order.ErrUnavailable)
	tried := db.transact.calls
	require.Greater(t, tried, 3)
	require.Less(t, tried, 100)

	db.transact.set(nil, nil)
	require.Equal(t, order.Ledger{}, r.ledger(t))
	require.False(t, r.accepted(t, orderOf("k", rod, 1)).Replayed)
}

func TestAccept_WhatCannotPassIsTriedOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"AccessDeniedException", "ResourceNotFoundException", "ValidationException"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			r, db := flakyRig(t)
			db.transact.set(first(-1, &smithy.GenericAPIError{Code: code}), nil)
			_, err := r.Accept(t.Context(), orderOf("k", rod, 1))
			require.ErrorIs(t, err, order.ErrUnavailable)
			require.Equal(t, 1, db.transact.calls)
		})
	}
}

func TestSettle_ConflictIsTriedAgainAndCountsOnce(t *testing.T) {
	t.Parallel()
	r, db := flakyRig(t)
	id := r.accepted(t, orderOf("k", rod, 2)).OrderID
	written := []order.Settlement{{OrderID: id, Disposition: order.DispositionWritten}}

	db.transact.set(first(2, cancelledFor("TransactionConflict", 0, 3)), first(3, errLost))
	require.NoError(t, r.Settle(t.Context(), written))

	require.Equal(t, order.Ledger{Accepted: 1, Written: 1}, r.ledger(t))
	stocks, err := r.Stocks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []order.Stock{{SKU: rod, OnHand: 10, Sold: 2}}, stocks)
}

func TestSettle_OneThatFailsDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	r, db := flakyRig(t)
	var all []order.Settlement
	for _, key := range everyKey(3) {
		id := r.accepted(t, orderOf(key, rod, 1)).OrderID
		all = append(all, order.Settlement{OrderID: id, Disposition: order.DispositionWritten})
	}
	db.transact.set(first(1, &smithy.GenericAPIError{Code: "AccessDeniedException"}), nil)
	require.ErrorIs(t, r.Settle(t.Context(), all), order.ErrUnavailable)
	require.Equal(t, order.Ledger{Accepted: 3, Written: 2, Waiting: 1}, r.ledger(t))
	require.NoError(t, r.Settle(t.Context(), all))
	require.Equal(t, order.Ledger{Accepted: 3, Written: 3}, r.ledger(t))
}
