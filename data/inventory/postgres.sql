-- The customers, in a database of Postgres, and what their tiers mean.
create table if not exists tiers (
  tier text primary key,
  discount numeric(3, 2) not null
);

insert into tiers values ('basic', 0.00), ('silver', 0.05), ('gold', 0.10) on conflict do nothing;

create table if not exists customers (
  customer_id bigint primary key,
  name text not null,
  city text not null,
  tier text not null references tiers,
  note text,
  signed_up timestamptz not null,
  updated_at timestamptz not null
);
