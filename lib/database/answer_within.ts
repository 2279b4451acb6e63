/** Waits for an answer, but not for longer than so many milliseconds: then `onLate` says what to throw. */
export async function answerWithin<T>(
  answer: PromiseLike<T>,
  timeoutMs: number,
  onLate: () => Error,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onLate()), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
