-- What the job keeps for whoever asks, in Postgres.

-- The orders and the customers as they are now.
create table if not exists orders (
  order_id bigint primary key,
  customer_id bigint,
  amount numeric(12, 2),
  status text,
  ordered_at timestamptz,
  updated_at timestamptz,
  __source_ts timestamptz,
  __position text
);
create index if not exists orders_by_customer on orders (customer_id, updated_at);

create table if not exists customers (
  customer_id bigint primary key,
  name text,
  city text,
  tier text,
  note text,
  signed_up timestamptz,
  updated_at timestamptz,
  __source_ts timestamptz,
  __position text
);

-- New orders with their customers, where these signed up lately, and with the discounts of tiers.
create table if not exists orders_enriched (
  order_id bigint not null,
  customer_id bigint not null,
  amount numeric(12, 2) not null,
  ordered_at timestamptz not null,
  headers jsonb not null,
  name text,
  city text,
  tier text,
  signed_up timestamptz,
  discount numeric(3, 2),
  to_pay numeric(12, 2)
);
create index if not exists orders_enriched_by_customer on orders_enriched (customer_id, ordered_at);
create index if not exists orders_enriched_by_order on orders_enriched (order_id);

-- New orders that came when their windows were closed: they are in none of the tables of totals. Old
-- ones come again where Debezium takes another snapshot.
create table if not exists late_orders (
  order_id bigint not null,
  customer_id bigint not null,
  amount numeric(12, 2) not null,
  ordered_at timestamptz not null,
  headers jsonb not null
);

-- New orders of each customer by windows. A session that grows keeps its start, and has another end.
create table if not exists order_totals_tumbling (
  customer_id bigint not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  orders bigint not null,
  amount numeric(22, 2),
  primary key (customer_id, window_start, window_end)
);
create table if not exists order_totals_sliding (like order_totals_tumbling including indexes);
create table if not exists order_totals_session (like order_totals_tumbling including indexes);

-- For what all customers did of late.
create index if not exists order_totals_tumbling_by_time on order_totals_tumbling (window_start);
create index if not exists order_totals_sliding_by_time on order_totals_sliding (window_start);
create index if not exists order_totals_session_by_time on order_totals_session (window_start);
