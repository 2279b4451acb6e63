/** How many items are read before they are asked for. */
const ITEMS_AHEAD = 1;

/**
 * Reads items in their order, the next one already while a caller works on the one before it. Where
 * the caller stops early, what has been read ahead is dropped.
 */
export async function* readAhead<Item, Result>(
  items: Iterable<Item>,
  read: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const ahead: Promise<Result>[] = [];
  try {
    for (const item of items) {
      const result = read(item);
      // Thrown where it is awaited; if the caller stops before, nobody wants to know.
      result.catch(() => {});
      ahead.push(result);
      if (ahead.length > ITEMS_AHEAD) yield await ahead.shift()!;
    }
    while (ahead.length > 0) yield await ahead.shift()!;
  } finally {
    await Promise.allSettled(ahead);
  }
}
