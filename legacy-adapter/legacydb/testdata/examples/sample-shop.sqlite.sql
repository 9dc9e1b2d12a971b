-- The sample shop's tables, in SQLite.
CREATE TABLE orders (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	number TEXT NOT NULL UNIQUE,
	idempotency_key TEXT UNIQUE NULL,
	email TEXT, name TEXT, address TEXT, payment_token TEXT,
	total_cents BIGINT, currency TEXT, placed_at TEXT);

CREATE TABLE order_items (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	order_id INTEGER REFERENCES orders (id),
	sku TEXT, qty INTEGER, price_cents BIGINT);

CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER NOT NULL CHECK (on_hand >= 0));

INSERT INTO stock VALUES ('rod', 3), ('creel', 1);
