// Package aws accepts orders on AWS: DynamoDB holds keys, stock and orders, SQS
// the queue. The flow is
//
//	Accept: one TransactWriteItems → SendMessage → marked as sent → receipt
//
// The transaction claims the idempotency key, holds the stock, puts the order
// and counts it, all or nothing. Only after it does an order have a receipt, and
// from then on it stands: where SendMessage fails, or the process dies before
// it, Sweep (run on a schedule) sends what is due. A message may therefore come
// twice; the relay makes the second one harmless.
//
// # The table
//
// One table, and its hash key pk names the kind of item. It is a shop's own:
// two shops in one table would share idempotency keys and stock.
//
//	claim.<hash of key>   order_id, fingerprint, accepted_at, claimed_until, expires
//	order.<order id>      body or body_at, order_state, attempts, cause, holds, …
//	stock.<sku>           on_hand, shards, avail, held, sold, debt, turn
//	shard.<n>.<sku>       avail, held, sold          (for n from 1; stock is shard 0)
//	ledger.<n>            accepted, written, waiting, dead, cancelled
//	trail.<n>.<order id>  entry, and for an edit the body before (the audit)
//	stray.<message id>    body, entries     (the audit of messages that are no orders)
//
// expires is the table's TTL attribute. DynamoDB takes days over it, so what
// counts is claimed_until, which the transaction and every reader compare with
// the clock. Two sparse indexes hold keys only, so that a sale, which changes
// counts, writes to neither:
//
//	places  place, rank   orders by where they stand, newest last; SKUs by name
//	dues    due_in, due   waiting orders by when they are to be sent (again)
//
// Both spread over 16 lanes, since a hash key of an index has a partition's
// limit too. TableProperties is the definition for CloudFormation; CreateTable
// makes the same.
//
// # How many a second
//
// A partition takes 1,000 write units a second, an item is in one partition, and
// a transaction pays two units an item: 500 holds a second on one counter. Before
// that, transactions that meet on an item are cancelled: at some 10 ms each, one
// counter does about 100 a second without much repeating. So a SKU's units are
// dealt out to shards (ShardsFor): 32 for a large stock make about 3,000 a second
// calm and 16,000 at the limit, less what the relay's settlements take, which
// touch the same counters once more. One of one has one shard, and is one item. An
// order takes from a shard picked at random that seems to have enough, and from
// several in one transaction where none has; a refusal is given only on counts
// that were exact at one moment (see count). The ledger is counted in 32
// items, each balanced by itself because every transaction writes to one of them:
// their sum balances at every moment, whenever each is read. Counting an index
// would need no counters, but an index lags, and the ledger would not balance.
//
// An accepted order of one line costs about 16 write units in all, most of them
// because a transaction pays double.
//
// # The queue
//
// A FIFO queue in high-throughput mode is the default: group is a hash of the
// ordering key, so one customer's orders come one after the other in the order
// in which they were sent, and SQS drops a second send of an order within five
// minutes. It takes 2,400 to 70,000 messages a second by region, and gives each
// customer one consumer at a time. A standard queue takes nearly any number and
// keeps no order; with a Tenant it is a fair queue, in which a tenant with much to
// do does not hold up the others. Neither delivers exactly once. After a
// crash between transaction and send an order comes later than those its customer
// placed meanwhile, in either kind.
//
// An order that is taken back stays in the queue: whoever delivers looks at its
// state first (Find).
//
// # Dead letters
//
// A dead letter is an order of the table that stands at dead, for as long as
// nobody mends it: the message in the dead-letter queue, which SQS keeps for two
// weeks, is only its sign for alarms. Edit, Redrive and Drop change the order and
// write the audit in one transaction; an entry of the audit is put once and never
// changed. Redrive sends the order anew, with its id and key in the body and a
// deduplication id of its own, since SQS drops a repeat within five minutes. It
// goes to the end of its customer's line: in a queue nobody can go in front. A
// dead letter that SQS moves back by itself (StartMessageMoveTask) is delivered,
// and ends as written or stays dead.
//
// # What it needs to be allowed
//
// On table and indexes dynamodb:GetItem, BatchGetItem, Query, PutItem and
// UpdateItem, which a transaction's writes count as; on the queue sqs:SendMessage;
// with a bucket s3:PutObject, GetObject and DeleteObject on it.
package aws
