package sale

import (
	"context"
	"sync"
	"time"
)

// MaxOpen is how many requests the generator keeps open at once. Beyond it a
// request is not sent and counted as such: the generator says so rather than
// slow down.
const MaxOpen = 20_000

// AtOnce is how many requests this process can keep open at once: MaxOpen, or
// fewer where the system gives it fewer descriptors.
func AtOnce() int { return min(MaxOpen, descriptors()) }

// Stream is requests of one kind that are due at their times, whatever becomes
// of those before.
type Stream struct {
	Kind   string
	Shape  Shape
	Random func() float64 // nil: evenly spaced

	// Ask does one request, and what belongs to it. It is called in a goroutine
	// of its own. Due is when it had to begin. An empty outcome is not entered:
	// Ask entered what it did by itself, or was cut off.
	Ask func(ctx context.Context, n int, due time.Duration) (Outcome, string)
}

// Run sends the streams for as long as until says, and waits for the answers.
// What is still open when ctx ends is cut off.
func Run(ctx context.Context, began time.Time, until time.Duration, book *Book, streams ...Stream) {
	open := make(chan struct{}, AtOnce())
	var sending, asking sync.WaitGroup
	for _, s := range streams {
		sending.Go(func() { s.send(ctx, sender{began, until, book, open, &asking}) })
	}
	sending.Wait()
	asking.Wait()
}

// sender is what streams have in common.
type sender struct {
	began  time.Time
	until  time.Duration
	book   *Book
	open   chan struct{}
	asking *sync.WaitGroup
}

// send starts each request when it is due. One for which the generator comes too
// late starts at once; its latency counts from when it was due all the same.
func (s Stream) send(ctx context.Context, x sender) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	moments := newArrivals(s.Shape, x.until, s.Random)
	for n := 0; ; n++ {
		due, ok := moments.next()
		if !ok {
			return
		}
		if wait := due - time.Since(x.began); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		} else if ctx.Err() != nil {
			return
		}
		select {
		case x.open <- struct{}{}:
		default:
			x.book.Enter(Entry{Kind: s.Kind, Due: due, Ended: due, Outcome: NotSent, Trouble: "not sent: too many requests were open"})
			continue
		}
		x.asking.Go(func() {
			defer func() { <-x.open }()
			outcome, trouble := s.Ask(ctx, n, due)
			if outcome != "" {
				x.book.Enter(Entry{Kind: s.Kind, Due: due, Ended: time.Since(x.began), Outcome: outcome, Trouble: trouble})
			}
		})
	}
}
