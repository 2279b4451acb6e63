import { deepEqual } from "assert";
import type { Row, StaticTable } from "../../../lib/core/mod.ts";
import { schema as s } from "../../../lib/core/mod.ts";
import {
  dropDuplicates,
  flatMapGroupsWithState,
  type JoinedRow,
  joinStatic,
  joinStreams,
  latestByKey,
} from "../../../lib/transforms/mod.ts";

/** Compiles only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
function same<A, B>(_isSame: Same<A, B>): void {}

const View = s.struct({ id: s.long(), shop: s.string().nullable(), view: s.long() });
const Click = s.struct({ id: s.long(), store: s.string().nullable(), click: s.double() });
type ViewRow = Row<typeof View>;
type ClickRow = Row<typeof Click>;
const left = { schema: View, eventTime: "id" };
const right = { schema: Click, eventTime: "id" };

type RowOf<Operator> = Operator extends { readonly schema: { readonly rowType: infer Out } } ? Out
  : never;

Deno.test("the type of a joined row says which columns there are and which may be null", () => {
  const inner = joinStreams(left, right, { on: ["id"] });
  same<
    RowOf<typeof inner>,
    { id: bigint; shop: string | null; view: bigint; store: string | null; click: number }
  >(true);
  const leftOuter = joinStreams(left, right, { type: "leftOuter", on: ["id"] });
  same<
    RowOf<typeof leftOuter>,
    { id: bigint; shop: string | null; view: bigint; store: string | null; click: number | null }
  >(true);
  const rightOuter = joinStreams(left, right, { type: "rightOuter", on: ["id"] });
  same<
    RowOf<typeof rightOuter>,
    { id: bigint; shop: string | null; view: bigint | null; store: string | null; click: number }
  >(true);
  const fullOuter = joinStreams(left, right, {
    type: "fullOuter",
    on: ["id", { left: "shop", right: "store" }],
  });
  same<
    RowOf<typeof fullOuter>,
    {
      id: bigint;
      shop: string | null;
      view: bigint | null;
      store: string | null;
      click: number | null;
    }
  >(true);
  // The schemas say the same.
  const nullables = (
    operator: {
      readonly schema: { readonly fields: readonly { name: string; nullable: boolean }[] };
    },
  ) => operator.schema.fields.filter(({ nullable }) => nullable).map(({ name }) => name);
  deepEqual(nullables(inner), ["shop", "store"]);
  deepEqual(nullables(leftOuter), ["shop", "store", "click"]);
  deepEqual(nullables(rightOuter), ["shop", "view", "store"]);
  deepEqual(nullables(fullOuter), ["shop", "view", "store", "click"]);
});

Deno.test("a key of one name has the type of the side that is there", () => {
  type Left = { id: bigint | null; a: string };
  type Right = { id: bigint; b: string };
  same<JoinedRow<Left, Right, ["id"]>, { id: bigint | null; a: string; b: string }>(true);
  same<
    JoinedRow<Left, Right, ["id"], "rightOuter">,
    { id: bigint; a: string | null; b: string }
  >(true);
  same<
    JoinedRow<Left, Right, ["id"], "fullOuter">,
    { id: bigint | null; a: string | null; b: string | null }
  >(true);
  same<
    JoinedRow<Left, Right, [{ left: "id"; right: "id" }], "leftOuter">,
    { id: bigint | null; a: string; b: string | null }
  >(true);
});

Deno.test("names of columns are checked when a program is compiled", () => {
  const never = () => {
    // @ts-expect-error there is no such column on both sides
    joinStreams(left, right, { on: ["shop"] });
    // @ts-expect-error the right has no such column
    joinStreams(left, right, { on: [{ left: "shop", right: "shop" }] });
    // @ts-expect-error a table has no rows of its own in a stream
    joinStatic(left, {} as StaticTable<ClickRow>, { on: ["id"], type: "rightOuter" });
    // @ts-expect-error no such column
    dropDuplicates(left, ["ident"]);
    // @ts-expect-error no such column
    latestByKey(left, { key: ["id"], orderBy: "version" });
    const grouped = flatMapGroupsWithState(
      { schema: View },
      ["shop"],
      { state: s.struct({ n: s.long() }), output: s.struct({ n: s.long() }) },
      (key, rows, state) => {
        same<typeof key, Pick<ViewRow, "shop">>(true);
        same<typeof rows, Iterable<ViewRow>>(true);
        const { n } = state.getOption() ?? { n: 0n };
        // @ts-expect-error the key has only the columns that rows are grouped by
        key.view;
        return [{ n }];
      },
    );
    same<RowOf<typeof grouped>, { n: bigint }>(true);
    const looked = joinStatic(left, {} as StaticTable<ClickRow>, { type: "leftOuter", on: ["id"] });
    same<
      RowOf<typeof looked>,
      { id: bigint; shop: string | null; view: bigint; store: string | null; click: number | null }
    >(true);
  };
  deepEqual(typeof never, "function");
});
