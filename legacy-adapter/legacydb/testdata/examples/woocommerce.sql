-- What the mapping for WooCommerce needs of its schema: the tables, and of their columns and keys those that it meets.
CREATE TABLE wp_posts (
	ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	post_author bigint unsigned NOT NULL DEFAULT 0,
	post_date datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
	post_date_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
	post_content longtext NOT NULL,
	post_title text NOT NULL,
	post_excerpt text NOT NULL,
	post_status varchar(20) NOT NULL DEFAULT 'publish',
	comment_status varchar(20) NOT NULL DEFAULT 'open',
	ping_status varchar(20) NOT NULL DEFAULT 'open',
	to_ping text NOT NULL,
	pinged text NOT NULL,
	post_modified datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
	post_modified_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
	post_content_filtered longtext NOT NULL,
	post_type varchar(20) NOT NULL DEFAULT 'post') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_postmeta (
	meta_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	post_id bigint unsigned NOT NULL DEFAULT 0,
	meta_key varchar(255),
	meta_value longtext,
	KEY post_id (post_id), KEY meta_key (meta_key(191))) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_wc_orders (
	id bigint unsigned NOT NULL PRIMARY KEY,
	status varchar(20),
	currency varchar(10),
	type varchar(20),
	tax_amount decimal(26,8),
	total_amount decimal(26,8),
	customer_id bigint unsigned,
	billing_email varchar(320),
	date_created_gmt datetime,
	date_updated_gmt datetime,
	parent_order_id bigint unsigned,
	payment_method varchar(100),
	payment_method_title text,
	transaction_id varchar(100),
	KEY status (status), KEY billing_email (billing_email(191))) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_wc_order_operational_data (
	id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_id bigint unsigned,
	created_via varchar(100),
	prices_include_tax tinyint(1),
	order_key varchar(100),
	order_stock_reduced tinyint(1),
	date_paid_gmt datetime,
	shipping_tax_amount decimal(26,8),
	shipping_total_amount decimal(26,8),
	discount_tax_amount decimal(26,8),
	discount_total_amount decimal(26,8),
	UNIQUE KEY order_id (order_id), KEY order_key (order_key)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_wc_order_addresses (
	id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_id bigint unsigned NOT NULL,
	address_type varchar(20),
	first_name text,
	last_name text,
	address_1 text,
	email varchar(320),
	UNIQUE KEY address_type_order_id (address_type, order_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_wc_orders_meta (
	id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_id bigint unsigned,
	meta_key varchar(255),
	meta_value text) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_woocommerce_order_items (
	order_item_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_item_name text NOT NULL,
	order_item_type varchar(200) NOT NULL DEFAULT '',
	order_id bigint unsigned NOT NULL,
	KEY order_id (order_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_woocommerce_order_itemmeta (
	meta_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_item_id bigint unsigned NOT NULL,
	meta_key varchar(255),
	meta_value longtext,
	KEY order_item_id (order_item_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_wc_order_product_lookup (
	order_item_id bigint unsigned NOT NULL PRIMARY KEY,
	order_id bigint unsigned NOT NULL,
	product_id bigint unsigned NOT NULL,
	variation_id bigint unsigned NOT NULL,
	customer_id bigint unsigned,
	date_created datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
	product_qty int NOT NULL,
	product_net_revenue double NOT NULL DEFAULT 0,
	product_gross_revenue double NOT NULL DEFAULT 0,
	KEY order_id (order_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wp_wc_product_meta_lookup (
	product_id bigint NOT NULL PRIMARY KEY,
	sku varchar(100) DEFAULT '',
	stock_quantity double,
	stock_status varchar(100) DEFAULT 'instock',
	total_sales bigint DEFAULT 0,
	KEY sku (sku)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO wp_posts (ID, post_title, post_type, post_content, post_excerpt, to_ping, pinged, post_content_filtered) VALUES
	(11, 'Muskie Rod', 'product', '', '', '', '', ''), (12, 'Vintage Creel', 'product', '', '', '', '', ''),
	(13, 'Gift Card', 'product', '', '', '', '', '');

INSERT INTO wp_wc_product_meta_lookup (product_id, sku, stock_quantity) VALUES (11, 'rod', 3), (12, 'creel', 1), (13, 'gift-card', NULL);

INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (11, '_stock', '3'), (12, '_stock', '1'), (11, '_price', '189');
