-- The sample shop's tables, in MariaDB or MySQL. Every table is InnoDB's: another
-- engine may have no transactions, and nothing could be taken back.
CREATE TABLE orders (
	id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
	number VARCHAR(40) NOT NULL UNIQUE,
	idempotency_key VARCHAR(255) UNIQUE NULL,
	email VARCHAR(254), name VARCHAR(200), address TEXT, payment_token VARCHAR(200),
	total_cents BIGINT, currency CHAR(3), placed_at DATETIME(6)) ENGINE=InnoDB;

CREATE TABLE order_items (
	id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
	order_id BIGINT UNSIGNED, sku VARCHAR(100), qty INT, price_cents BIGINT,
	CONSTRAINT item_of_order FOREIGN KEY (order_id) REFERENCES orders (id)) ENGINE=InnoDB;

CREATE TABLE stock (sku VARCHAR(100) PRIMARY KEY, on_hand INT NOT NULL,
	CONSTRAINT stock_is_there CHECK (on_hand >= 0)) ENGINE=InnoDB;

INSERT INTO stock VALUES ('rod', 3), ('creel', 1);
