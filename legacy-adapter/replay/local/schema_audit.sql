-- Version 2: what was done to dead letters, and how often legacy itself failed.

-- What happened to dead letters. Rows are only ever added; they go when the
-- request is forgotten. What is the shopper's own is in before.
CREATE TABLE audit (
  n      INTEGER PRIMARY KEY,
  seq    INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  action TEXT    NOT NULL,              -- replay.Action
  who    TEXT    NOT NULL,
  why    TEXT    NOT NULL DEFAULT '',
  cause  TEXT    NOT NULL DEFAULT '',   -- of the dead letter at that time; of checked, what came of it
  before BLOB                           -- of edited: the body as it was
);
CREATE INDEX audit_seq ON audit (seq, n);

-- Answers by which legacy said that it failed by itself (500) and after which
-- it did not have the request, and when the first of them came.
ALTER TABLE queue ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN failing_since INTEGER NOT NULL DEFAULT 0;
