import { recordHeaders, type Row, schema as s } from "sluice";

/** A row of the table of orders. */
export const Order = s.struct({
  order_id: s.long(),
  customer_id: s.long(),
  amount: s.decimal(12, 2),
  status: s.string(),
  ordered_at: s.timestamp(),
  updated_at: s.timestamp(),
});

/** A row of the table of customers. */
export const Customer = s.struct({
  customer_id: s.long(),
  name: s.string(),
  city: s.string(),
  tier: s.string(),
  note: s.string().nullable(),
  signed_up: s.timestamp(),
  updated_at: s.timestamp(),
});

/** A row of the table of tiers, which stands still. */
export const Tier = s.struct({ tier: s.string(), discount: s.decimal(3, 2) });

/** An order as it was made, with the headers of its record, in which trace ids are. */
export const NewOrder = s.struct({
  order_id: s.long(),
  customer_id: s.long(),
  amount: s.decimal(12, 2),
  ordered_at: s.timestamp(),
  headers: recordHeaders(),
});

/** A customer as they were when they signed up. */
export const SignUp = s.struct({
  customer_id: s.long(),
  name: s.string(),
  city: s.string(),
  tier: s.string(),
  signed_up: s.timestamp(),
});

/** A row of `NewOrder`. */
export type NewOrderRow = Row<typeof NewOrder>;
