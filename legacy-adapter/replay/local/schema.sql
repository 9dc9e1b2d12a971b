-- Version 1.
--
-- A captured request is one row in requests, which never changes, and one row
-- in exactly one of queue and ended, which says where it stands. A request that
-- is in neither has been lost, and the ledger shows it, because ledger.accepted
-- is counted when requests are accepted and never summed up.
--
-- Times are Unix nanoseconds. What is the shopper's own is in requests.head,
-- requests.body and answers, and nowhere else.

CREATE TABLE requests (
  seq         INTEGER PRIMARY KEY,  -- grows in the order of acceptance
  id          TEXT    NOT NULL,
  claim       BLOB    NOT NULL,
  fingerprint BLOB    NOT NULL,
  derived     INTEGER NOT NULL,     -- nobody sent the key
  expires_at  INTEGER NOT NULL,     -- when the key may be claimed again
  accepted_at INTEGER NOT NULL,
  session     TEXT    NOT NULL,     -- the lane it is replayed in, hashed
  key         TEXT    NOT NULL,     -- the client's own; empty where it sent none
  head        BLOB    NOT NULL,     -- method, target, header and so on, as JSON
  body        BLOB    NOT NULL
);
CREATE UNIQUE INDEX requests_id ON requests (id);

-- The keys in force. The request says until when.
CREATE TABLE claims (
  claim BLOB    PRIMARY KEY,
  seq   INTEGER NOT NULL
) WITHOUT ROWID;

-- Requests that have not ended.
CREATE TABLE queue (
  seq      INTEGER PRIMARY KEY,
  session  TEXT    NOT NULL,
  first    INTEGER NOT NULL,            -- the earliest of its session
  state    INTEGER NOT NULL DEFAULT 0,  -- replay.State: 0 waiting, 1 sending, 2 unknown
  told     INTEGER NOT NULL,            -- the shopper was answered 202
  doubt    INTEGER NOT NULL DEFAULT 0,  -- an earlier sending may have arrived
  attempts INTEGER NOT NULL DEFAULT 0,
  sent_at  INTEGER NOT NULL DEFAULT 0,
  due_at   INTEGER NOT NULL DEFAULT 0,
  cause    TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX queue_session ON queue (session, seq);
CREATE INDEX queue_due ON queue (due_at, seq) WHERE first = 1 AND state <> 1;

CREATE TABLE ended (
  seq      INTEGER PRIMARY KEY,
  state    INTEGER NOT NULL,            -- 3 written, 4 cancelled, 5 dead
  attempts INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  doubt    INTEGER NOT NULL,            -- it may have arrived: redriven, it is found out first
  cause    TEXT    NOT NULL
);
CREATE INDEX ended_dead ON ended (seq) WHERE state = 5;
CREATE INDEX ended_at ON ended (at) WHERE state <> 5;

-- What legacy answered.
CREATE TABLE answers (
  seq    INTEGER PRIMARY KEY,
  status INTEGER NOT NULL,
  header BLOB    NOT NULL,
  body   BLOB    NOT NULL,
  cut    INTEGER NOT NULL               -- the body was too large to be kept
);

-- One row: what has happened, each counted by its own event.
CREATE TABLE ledger (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  accepted  INTEGER NOT NULL DEFAULT 0,
  written   INTEGER NOT NULL DEFAULT 0,
  dead      INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  last_seq  INTEGER NOT NULL DEFAULT 0  -- numbers of what was dropped are not given again
);
INSERT INTO ledger (one) VALUES (1);
