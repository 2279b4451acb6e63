-- The orders as they are now, in MariaDB: for whoever asks for a customer's latest orders.
create table if not exists orders (
  order_id bigint not null primary key,
  customer_id bigint,
  amount decimal(12, 2),
  status varchar(16),
  ordered_at datetime(6),
  updated_at datetime(6),
  __source_ts datetime(6),
  __position varchar(64),
  index orders_by_customer (customer_id, updated_at)
);
