/**
 * Ends this process when the one that started it is gone, however that ended: what holds the other
 * end of its input then is gone too.
 */
export function endWithParent(): void {
  (async () => {
    for await (const _ of Deno.stdin.readable);
    Deno.exit(1);
  })();
}
