-- Version 1.
--
-- An accepted order is one row in orders, which changes only where somebody
-- mends a dead letter (see audit), and one row in exactly one of queue, dead and
-- ended, which says where it stands. An order
-- that is in none of them has been lost, and the ledger shows it, because
-- ledger.accepted is counted when orders are accepted and never summed up.
--
-- Times are Unix nanoseconds. Customers' data is in orders.body and nowhere else.

CREATE TABLE orders (
  seq         INTEGER PRIMARY KEY,  -- grows in the order of acceptance
  id          BLOB    NOT NULL,     -- the order id, 16 bytes
  claim       BLOB    NOT NULL,     -- SHA-256 of the idempotency key, cut to 16 bytes
  fingerprint TEXT    NOT NULL,     -- of what the key was claimed for
  expires_at  INTEGER NOT NULL,     -- when the key may be claimed again
  body        BLOB    NOT NULL      -- the order as JSON
);
CREATE UNIQUE INDEX orders_id ON orders (id);

-- The idempotency keys in force. The order says until when.
CREATE TABLE claims (
  claim BLOB    PRIMARY KEY,
  seq   INTEGER NOT NULL
) WITHOUT ROWID;

-- Orders waiting for legacy.
CREATE TABLE queue (
  seq      INTEGER PRIMARY KEY,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at   INTEGER NOT NULL DEFAULT 0,
  cause    TEXT    NOT NULL DEFAULT ''  -- of the last deferral
);

-- Orders that legacy refused and that wait for someone to mend them.
CREATE TABLE dead (
  seq      INTEGER PRIMARY KEY,
  attempts INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  cause    TEXT    NOT NULL
);

-- Orders that are done: written, or taken back.
CREATE TABLE ended (
  seq      INTEGER PRIMARY KEY,
  state    INTEGER NOT NULL,            -- order.State: 1 written, 2 rejected, 3 cancelled
  attempts INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  cause    TEXT    NOT NULL DEFAULT ''  -- why it was taken back
);
-- Nearly all are written; the few others are found without passing those by.
CREATE INDEX ended_unwritten ON ended (seq) WHERE state <> 1;

CREATE TABLE stock (
  sku     TEXT    PRIMARY KEY,
  on_hand INTEGER NOT NULL,
  held    INTEGER NOT NULL DEFAULT 0,
  sold    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- One row: what has happened, each counted by its own event. swept is the last
-- order whose idempotency key was looked at by the sweep.
CREATE TABLE ledger (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  accepted  INTEGER NOT NULL DEFAULT 0,
  written   INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  dead      INTEGER NOT NULL DEFAULT 0,
  swept     INTEGER NOT NULL DEFAULT 0
);
INSERT INTO ledger (one) VALUES (1);
