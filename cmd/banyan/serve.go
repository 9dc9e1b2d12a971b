package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/edge/route"
)

// start sets everything in motion.
func (in *installation) start(ctx context.Context) {
	in.work.Go(func() {
		in.flips.Watch(ctx, in.swap)
	})
	in.work.Go(func() { in.keepStock(ctx) })
	in.work.Go(func() {
		defer close(in.relayed)
		if in.relay == nil {
			return
		}
		if err := in.relay.Run(ctx); err != nil {
			in.failed <- fmt.Errorf("relay: %w", err)
		}
	})
	in.capture.start(ctx, in)
	in.selling.start(ctx, in)
	in.serveHTTP(in.storefront, in.storefrontAt, "storefront")
	in.secure.start(ctx, in)
	in.serveHTTP(in.console, in.consoleAt, "console")
}

// swap puts another table in force. What is only read at the start is not
// changed by it, and the log says so.
func (in *installation) swap(t *route.Table) {
	old, now := in.table.Load().Config(), t.Config()
	in.table.Store(t)
	if old.Origins != now.Origins || !slices.Equal(old.TrustedHops, now.TrustedHops) ||
		fmt.Sprint(old.Legacy) != fmt.Sprint(now.Legacy) || fmt.Sprint(old.Intake) != fmt.Sprint(now.Intake) {
		in.log.Warn("origins, trusted_hops, legacy and intake are read at the start: restart banyan up to use the change")
	}
}

func (in *installation) serveHTTP(s interface{ Serve(net.Listener) error }, l net.Listener, what string) {
	in.work.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			in.failed <- fmt.Errorf("%s: %w", what, err)
		}
	})
}

// serve waits until ctx ends, or something fails, and drains.
func (in *installation) serve(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
		in.log.Info("draining")
	case err = <-in.failed:
		in.log.Error("failed", "error", err)
	}
	return errors.Join(err, in.close())
}

// close drains and closes: the storefront first, so that nothing new comes in;
// then the deliveries in hand; the console last, so that ops can watch.
func (in *installation) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	var errs []error
	if in.storefront != nil {
		errs = append(errs, in.secure.close(ctx), in.storefront.Drain(ctx))
	}
	in.stop()
	if in.console != nil {
		errs = append(errs, in.console.Shutdown(ctx))
	}
	in.work.Wait()
	for _, c := range slices.Backward(in.closers) {
		errs = append(errs, c())
	}
	in.closers = nil
	return errors.Join(errs...)
}

func pid() int { return os.Getpid() }

// ignoreClosed makes closing a listener twice harmless: its server closes it too.
func ignoreClosed(f func() error) func() error {
	return func() error {
		if err := f(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// awaitEpoch waits until the table in force has at least this epoch.
func (in *installation) awaitEpoch(ctx context.Context, epoch uint64) error {
	for in.table.Load().Epoch() < epoch {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the table is still at epoch %d: %w", in.table.Load().Epoch(), ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// breakers lists what stops asking an arm or the database that fails.
func (in *installation) breakers() []console.Breaker {
	var list []console.Breaker
	for _, b := range in.edge.Breakers() {
		list = append(list, console.Breaker{Name: b.Arm.String() + " arm", State: b.State})
	}
	if in.relay != nil {
		b := console.Breaker{Name: "legacy database", State: in.relay.State().Breaker}
		if b.State == breakerClosed {
			b.Note = in.budgetWords()
		}
		list = append(list, b)
	}
	replays := in.capture.breaker()
	if in.relay == nil && replays.State == breakerClosed {
		replays.Note = in.budgetWords()
	}
	return append(list, replays)
}

// The states of a breaker that lets everything through, and of one that lets
// nothing through.
const (
	breakerClosed = "closed"
	breakerOpen   = "open"
)

// legacyRows is legacy's own count of orders, under the budget. While legacy is
// known to be away it is not asked: who looks then wants to know at once.
func (in *installation) legacyRows(ctx context.Context) (int64, error) {
	if in.relay != nil && in.relay.State().Breaker == breakerOpen {
		return 0, errLegacyAway
	}
	return in.patience.ask(ctx, func(ctx context.Context) (int64, error) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		release, err := in.budget.Acquire(ctx, relaySync)
		if err != nil {
			return 0, err
		}
		defer release()
		return in.legacyDB.Count(ctx)
	})
}
