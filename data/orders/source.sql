-- The table whose changes are captured. It is run each time: what is there stays.
create table if not exists orders (
  order_id serial primary key,
  user_id integer not null,
  name text not null,
  amount numeric(12, 2) not null default 0,
  note text
);
