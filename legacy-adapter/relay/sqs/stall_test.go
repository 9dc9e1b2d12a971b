package sqs_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

const (
	ordersURL = "https://sqs/orders.fifo"
	deadURL   = "https://sqs/dead.fifo"
)

// shop is a legacy that can be away, and notes what it wrote.
type shop struct {
	mu      sync.Mutex
	away    bool
	wrote   []string // ids
	refuses map[string]string
	wait    chan struct{} // where set, writes wait for it
	asked   chan struct{} // where set, told of each write
}

type awayError struct{}

func (awayError) Error() string { return "connection refused" }
func (awayError) Away() bool    { return true }

func (s *shop) Write(ctx context.Context, orders []order.Order) []relay.Outcome {
	if s.asked != nil {
		s.asked <- struct{}{}
	}
	if s.wait != nil {
		select {
		case <-s.wait:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	outcomes := make([]relay.Outcome, len(orders))
	for i, o := range orders {
		switch cause := s.refuses[o.ID]; {
		case s.away:
			outcomes[i] = relay.Outcome{Disposition: order.DispositionDeferred, Cause: "legacy is away", Err: awayError{}}
		case cause != "":
			outcomes[i] = relay.Outcome{Disposition: order.DispositionRejected, Cause: cause}
		case slices.Contains(s.wrote, o.ID):
			outcomes[i] = relay.Outcome{Disposition: order.DispositionDuplicate}
		default:
			s.wrote = append(s.wrote, o.ID)
		}
	}
	return outcomes
}

func (s *shop) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// stall is a queue with orders, a book that knows them and a shop, in a bubble.
type stall struct {
	t      *testing.T
	queues *queues
	book   *book
	shop   *shop
}

func inBubble(t *testing.T, test func(t *testing.T, s *stall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, &stall{t: t, queues: newQueues(), book: newBook(), shop: &shop{}})
	})
}

func (s *stall) options() sqs.Options {
	return sqs.Options{Queue: ordersURL, DeadLetters: deadURL, Client: s.queues, Decode: decode, Book: s.book}
}

// send accepts orders and sends them as intake does.
func (s *stall) send(orders ...order.Order) {
	s.book.accept(orders...)
	for _, o := range orders {
		s.sendBody(o.OrderingKey(), o.ID, bodyOf(s.t, o))
	}
}

func (s *stall) sendBody(group, dedup, body string) {
	_, err := s.queues.SendMessage(s.t.Context(), &awssqs.SendMessageInput{
		QueueUrl: aws.String(ordersURL), MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: &dedup,
	})
	require.NoError(s.t, err)
}

func bodyOf(t *testing.T, o order.Order) string {
	t.Helper()
	body, err := json.Marshal(o)
	require.NoError(t, err)
	return string(body)
}

// relay runs a relay over a source until the returned function is called.
func (s *stall) relay(source relay.Source, o relay.Options) (end func() error) {
	o.Source, o.Legacy = source, s.shop
	if o.Budget == nil {
		o.Budget = relay.NewBudget(2)
	}
	r := relay.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return func() error { cancel(); return <-ended }
}

// customers returns n orders of each of some customers, in turns.
func customers(each int, names ...string) (orders []order.Order) {
	for i := range each {
		for j, name := range names {
			orders = append(orders, relaytest.OrderOf(name, i*len(names)+j))
		}
	}
	return orders
}

// inSequence requires that every order was written once, those of a customer in
// the order accepted.
func (s *stall) inSequence(orders []order.Order) {
	s.t.Helper()
	wanted, got := make(map[string][]string), make(map[string][]string)
	key := make(map[string]string)
	for _, o := range orders {
		key[o.ID] = o.OrderingKey()
		wanted[o.OrderingKey()] = append(wanted[o.OrderingKey()], o.ID)
	}
	for _, id := range s.shop.wrote {
		got[key[id]] = append(got[key[id]], id)
	}
	require.Equal(s.t, wanted, got)
}
