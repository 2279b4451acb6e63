-- The orders, in a database of MariaDB; times are UTC.
create table if not exists orders (
  order_id bigint not null auto_increment primary key,
  customer_id bigint not null,
  amount decimal(12, 2) not null,
  status varchar(16) not null,
  ordered_at datetime(6) not null,
  updated_at datetime(6) not null
);

-- Not captured. A row that is written here tells the connector how far the log is by now, which it
-- else learns with the next change of an order.
create table if not exists capture_marks (
  id integer not null primary key,
  marked_at datetime(6) not null
);
