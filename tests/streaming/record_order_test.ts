import { deepEqual, equal } from "assert";
import { rowsInRecordOrder } from "../../lib/streaming/input/record_order.ts";

/** Blocks of `topic-partition` and how many rows each has, in the order in which they came. */
function blocks(...came: (readonly [place: string, rows: number])[]) {
  let startRow = 0;
  return came.map(([place, rows]) => {
    const [topic, partition] = place.split("-");
    const block = {
      topic: topic!,
      partition: Number(partition),
      startRow,
      endRow: startRow + rows,
    };
    startRow = block.endRow;
    return block;
  });
}

Deno.test("rows come partition by partition, whichever was read first, and in each as they came", () => {
  const order = rowsInRecordOrder(
    blocks(["b-10", 1], ["a-1", 2], ["b-9", 1], ["a-0", 1], ["a-1", 1], ["b-10", 1]),
  );
  deepEqual([...order!], [4, 1, 2, 5, 3, 0, 6]);
});

Deno.test("rows that are in order already stay where they are", () => {
  equal(rowsInRecordOrder(blocks(["a-0", 2], ["a-0", 1], ["a-1", 1], ["b-0", 3])), undefined);
  equal(rowsInRecordOrder([]), undefined);
});
