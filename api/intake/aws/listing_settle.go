package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/order"
)

// Settle records what became of deliveries, each by itself. Settling a listing
// that is settled changes nothing. An error, order.ErrNotFound among them, does
// not keep the others from being settled.
func (l *Listings) Settle(ctx context.Context, all []order.Settlement) error {
	errs := make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(stockWriters)
	for i, st := range all {
		group.Go(func() error {
			err := l.change(ctx, st.OrderID, func(it *orderItem) bool { return l.settle(it, st) })
			if err != nil {
				errs[i] = fmt.Errorf("settle listing %s: %w", st.OrderID, err)
			}
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	return errors.Join(errs...)
}

// settle changes a listing's item and reports whether there was anything to.
func (l *Listings) settle(it *orderItem, st order.Settlement) bool {
	at := st.At
	if at.IsZero() {
		at = l.s.now()
	}
	switch {
	case it.Stands == written:
		return false
	case st.Disposition == order.DispositionWritten, st.Disposition == order.DispositionDuplicate:
		it.WrittenAt, it.Cause, it.Deferral = at.UTC(), "", ""
		standListing(it, written)
	case it.Stands != waiting:
		return false
	case st.Disposition == order.DispositionRejected:
		it.Cause, it.DeadAt = cmp.Or(st.Cause, "refused by legacy"), at.UTC()
		standListing(it, dead)
	default:
		it.Deferral = st.Cause
		sendListingAt(it, l.s.resendAt(st.DueAt))
	}
	it.Attempts++
	return true
}

// Redrive has a listing that legacy refused wait and be sent again.
func (l *Listings) Redrive(ctx context.Context, id string) error {
	var sent *orderItem
	err := l.change(ctx, id, func(it *orderItem) bool {
		if it.Stands != dead {
			return false
		}
		it.Cause, sent = "", it
		it.Redrives++
		standListing(it, waiting)
		sendListingAt(it, l.s.now())
		return true
	})
	if err != nil || sent == nil {
		return err
	}
	offered, err := readListing(sent)
	if err != nil {
		return fmt.Errorf("redrive listing: %w", err)
	}
	l.sendAccepted(ctx, sent, offered)
	return nil
}

// change does to a listing what decide does to its item, in one transaction with
// the ledger. Where the listing changed in between it is decided anew.
func (l *Listings) change(ctx context.Context, id string, decide func(*orderItem) bool) error {
	for pause := l.s.newPause(); ; {
		it, err := l.item(ctx, id)
		if err != nil {
			return err
		}
		from, rev := it.Stands, it.Rev
		if !decide(it) {
			return nil
		}
		if err = l.apply(ctx, it, from, rev); err == nil {
			return nil
		}
		cause := repeatable(err)
		if anyConditionFailed(err) {
			cause, err = "moved", errRaced
		}
		if cause == "" || !pause.next(ctx, cause) {
			return unavailable(ctx, err)
		}
	}
}

func (l *Listings) apply(ctx context.Context, it *orderItem, from string, rev int) error {
	it.Rev = rev + 1
	changed, err := l.s.put(it, "rev = :rev", item{":rev": number(rev)})
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{changed}
	if it.Stands != from {
		writes = append(writes, l.s.add(listingLedgerKey(it.Ledger), map[string]int{from: -1, it.Stands: 1}))
	}
	return l.s.transact(ctx, "", writes)
}

// Sweep sends the listings that wait and are due to be sent, as that of the store
// does orders.
func (l *Listings) Sweep(ctx context.Context) (int, error) {
	var sent atomic.Int64
	errs := make([]error, lanes)
	var group errgroup.Group
	group.SetLimit(sweepLanes)
	for lane := range lanes {
		group.Go(func() error {
			errs[lane] = l.sweepLane(ctx, lane, &sent)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	if err := errors.Join(errs...); err != nil {
		return int(sent.Load()), fmt.Errorf("sweep listings: %w", err)
	}
	return int(sent.Load()), nil
}

func (l *Listings) sweepLane(ctx context.Context, lane int, sent *atomic.Int64) error {
	var failures []error
	stuck := map[string]bool{} // sellers of whom a listing was not sent
	span := span{index: "dues", hash: "due_in", sort: "due", key: listingDueKey(lane), from: "0", to: dueOf(l.s.now(), "~")}
	err := l.s.query(ctx, span, sweepPage, func(pk, due string) (bool, error) {
		done, err := l.sweepOne(ctx, pk[len(listingKey("")):], due, stuck)
		if err != nil {
			failures = append(failures, err)
			l.s.log.Warn("listing not swept", "listing", pk, "error", err)
		}
		if done {
			sent.Add(1)
		}
		return len(failures) < sweepPatience && ctx.Err() == nil, nil
	})
	return errors.Join(append(failures, err)...)
}

// sweepOne sends a listing that the index says is due, if the listing itself says
// so too.
func (l *Listings) sweepOne(ctx context.Context, id, due string, stuck map[string]bool) (bool, error) {
	it, err := l.item(ctx, id)
	if err != nil || it.Due != due {
		return false, err
	}
	offered, err := readListing(it)
	if err != nil || stuck[offered.OrderingKey()] {
		return false, err
	}
	if err := l.send(ctx, it, offered); err != nil {
		stuck[offered.OrderingKey()] = true
		return false, err
	}
	return true, nil
}
