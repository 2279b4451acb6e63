/** A dead letter as a text: where it is from and what it was. */
export function letterText(
  letter: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number | bigint;
    readonly value: string;
  },
): string {
  return `${letter.topic}-${letter.partition}@${letter.offset} ${letter.value}`;
}
