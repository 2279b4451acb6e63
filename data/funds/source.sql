-- The tables that the pipeline `funds` captures, in the database `finance`. It is run each time: what is
-- there stays.
create table if not exists fund_metadata (
  fund_id serial primary key,
  fund_name varchar(255) not null,
  fund_code varchar(10) unique,
  fund_description text,
  updated_at bigint,
  fund_price numeric(10, 2)
);

create table if not exists fund_unit (
  unit_id serial primary key,
  fund_id integer references fund_metadata (fund_id),
  unit_price numeric(10, 2),
  unit_date date
);

-- Changes made from here on tell the whole row: a delete what was deleted, and an update the long texts
-- that it left alone. The connector sees to it too, but only once it runs.
alter table fund_metadata replica identity full;
alter table fund_unit replica identity full;
