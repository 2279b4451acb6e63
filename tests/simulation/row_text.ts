/** A row as one text, every digit of it: equal for equal rows. */
export function rowText(row: unknown): string {
  return JSON.stringify(row, exactly);
}

function exactly(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}
