-- Version 3.
--
-- What sellers offer. A listing is one row, which says where it stands: it waits
-- for legacy (state 0), is written (state 1), or was refused and waits for
-- someone to mend it (dead). listing_ledger.accepted is counted when listings
-- are accepted and never summed up, so that one that vanished shows.
--
-- Times are Unix nanoseconds. Sellers' data is in listings.body and nowhere else.

CREATE TABLE listings (
  seq      INTEGER PRIMARY KEY,            -- grows in the order of acceptance
  id       BLOB    NOT NULL UNIQUE,        -- the listing id, 16 bytes
  state    INTEGER NOT NULL DEFAULT 0,     -- order.State: 0 accepted, 1 written
  dead     INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at   INTEGER NOT NULL DEFAULT 0,
  at       INTEGER NOT NULL DEFAULT 0,     -- when it was written, or refused
  cause    TEXT    NOT NULL DEFAULT '',    -- of the last deferral, or the refusal
  body     BLOB    NOT NULL                -- the listing as JSON
);
CREATE INDEX listings_waiting ON listings (seq) WHERE state = 0 AND dead = 0;
CREATE INDEX listings_dead ON listings (seq) WHERE dead = 1;

-- The idempotency keys of listings.
CREATE TABLE listing_claims (
  claim       BLOB    PRIMARY KEY,  -- SHA-256 of the key, cut to 16 bytes
  id          BLOB    NOT NULL,
  fingerprint TEXT    NOT NULL,     -- of what the key was claimed for
  expires_at  INTEGER NOT NULL      -- when it may be claimed again
) WITHOUT ROWID;
CREATE INDEX listing_claims_expires_at ON listing_claims (expires_at);

CREATE TABLE listing_ledger (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  accepted INTEGER NOT NULL DEFAULT 0
);
INSERT INTO listing_ledger (one) VALUES (1);
