-- What the mapping for EverShop needs of its schema: the tables, columns and constraints that it meets, and the two
-- triggers that it relies on. The real one has many more of each.
CREATE TABLE product (
	product_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	variant_group_id integer,
	sku varchar NOT NULL UNIQUE,
	price numeric(12,4) NOT NULL CHECK (price >= 0),
	weight numeric(12,4));

CREATE TABLE product_description (
	product_description_product_id integer NOT NULL UNIQUE REFERENCES product (product_id),
	name varchar NOT NULL);

CREATE TABLE product_inventory (
	product_inventory_product_id integer NOT NULL UNIQUE REFERENCES product (product_id),
	qty integer NOT NULL DEFAULT 0,
	manage_stock boolean NOT NULL DEFAULT false);

CREATE TABLE cart (
	cart_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	currency varchar NOT NULL,
	customer_email varchar,
	customer_full_name varchar,
	status boolean NOT NULL DEFAULT false,
	sub_total numeric(12,4) NOT NULL,
	sub_total_incl_tax numeric(12,4) NOT NULL,
	sub_total_with_discount numeric(12,4) NOT NULL,
	sub_total_with_discount_incl_tax numeric(12,4) NOT NULL,
	total_qty integer NOT NULL,
	total_weight numeric(12,4),
	tax_amount numeric(12,4) NOT NULL,
	tax_amount_before_discount numeric(12,4) NOT NULL,
	shipping_tax_amount numeric(12,4) NOT NULL,
	grand_total numeric(12,4) NOT NULL);

CREATE TABLE order_address (
	order_address_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	full_name varchar, address_1 varchar, country varchar);

CREATE TABLE "order" (
	order_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	integration_order_id varchar,
	order_number varchar NOT NULL UNIQUE,
	status varchar NOT NULL,
	cart_id integer NOT NULL,
	currency varchar NOT NULL,
	customer_email varchar,
	customer_full_name varchar,
	shipping_fee_excl_tax numeric(12,4),
	shipping_fee_incl_tax numeric(12,4),
	discount_amount numeric(12,4),
	sub_total numeric(12,4) NOT NULL,
	sub_total_incl_tax numeric(12,4) NOT NULL,
	sub_total_with_discount numeric(12,4) NOT NULL,
	sub_total_with_discount_incl_tax numeric(12,4) NOT NULL,
	total_qty integer NOT NULL,
	total_weight numeric(12,4),
	tax_amount numeric(12,4) NOT NULL,
	tax_amount_before_discount numeric(12,4) NOT NULL,
	shipping_tax_amount numeric(12,4) NOT NULL,
	total_tax_amount numeric(12,4),
	grand_total numeric(12,4) NOT NULL,
	shipping_address_id integer,
	billing_address_id integer,
	payment_method varchar,
	payment_method_name varchar,
	shipment_status varchar,
	payment_status varchar,
	created_at timestamptz DEFAULT CURRENT_TIMESTAMP,
	meta_data jsonb NOT NULL DEFAULT '{}');

CREATE TABLE order_item (
	order_item_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	order_item_order_id integer NOT NULL REFERENCES "order" (order_id) ON DELETE CASCADE,
	product_id integer NOT NULL,
	product_sku varchar NOT NULL,
	product_name text NOT NULL,
	product_weight numeric(12,4),
	product_price numeric(12,4) NOT NULL,
	product_price_incl_tax numeric(12,4) NOT NULL,
	qty integer NOT NULL,
	final_price numeric(12,4) NOT NULL,
	final_price_incl_tax numeric(12,4) NOT NULL,
	tax_percent numeric(12,4) NOT NULL,
	tax_amount numeric(12,4) NOT NULL,
	tax_amount_before_discount numeric(12,4) NOT NULL,
	discount_amount numeric(12,4) NOT NULL,
	line_total numeric(12,4) NOT NULL,
	line_total_with_discount numeric(12,4) NOT NULL,
	line_total_incl_tax numeric(12,4) NOT NULL,
	line_total_with_discount_incl_tax numeric(12,4) NOT NULL,
	variant_group_id integer);

CREATE TABLE order_activity (
	order_activity_order_id integer NOT NULL REFERENCES "order" (order_id) ON DELETE CASCADE,
	comment text NOT NULL);

CREATE TABLE event (event_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar NOT NULL, data json);

CREATE FUNCTION tell_of_order() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO event (name, data) VALUES ('order_created', row_to_json(NEW)); RETURN NULL; END $$;

CREATE TRIGGER order_told AFTER INSERT ON "order" FOR EACH ROW EXECUTE FUNCTION tell_of_order();

CREATE FUNCTION take_stock() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	UPDATE product_inventory SET qty = qty - NEW.qty WHERE product_inventory_product_id = NEW.product_id AND manage_stock;
	RETURN NULL;
END $$;

CREATE TRIGGER stock_taken AFTER INSERT ON order_item FOR EACH ROW EXECUTE FUNCTION take_stock();

INSERT INTO product (sku, price, weight) VALUES ('rod', 189, 300), ('creel', 45, 200), ('gift-card', 50, 0);

INSERT INTO product_description SELECT product_id, initcap(sku) FROM product;

INSERT INTO product_inventory VALUES (1, 3, true), (2, 1, true), (3, 0, false);
