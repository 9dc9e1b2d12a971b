-- Version 2.
--
-- What was done to dead letters, and by whom. Rows are only ever added. An
-- order that is corrected is changed in orders.body; what it was before is kept
-- here, so that of a mended order customers' data is in audit.detail too.

CREATE TABLE audit (
  n      INTEGER PRIMARY KEY,
  seq    INTEGER NOT NULL,  -- the order
  at     INTEGER NOT NULL,
  action TEXT    NOT NULL,  -- intake.Action
  who    TEXT    NOT NULL,
  why    TEXT    NOT NULL,
  cause  TEXT    NOT NULL,  -- of the dead letter at that time
  detail BLOB    NOT NULL   -- JSON: what was changed, and the order as it was
);
CREATE INDEX audit_seq ON audit (seq, n);
