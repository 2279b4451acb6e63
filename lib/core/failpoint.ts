/** A step of the commit protocol at which tests may make a run crash or fail. */
export type FailpointHandler = (name: string) => void | Promise<void>;

let handler: FailpointHandler | undefined;

/** Installs what happens at failpoints, or with `undefined` nothing again. For fault tests only. */
export function onFailpoint(newHandler: FailpointHandler | undefined): void {
  handler = newHandler;
}

/** Marks a step by name, `"planned"` or `"postgres:copied"`. Does nothing unless a test installed a handler. */
export async function failpoint(name: string): Promise<void> {
  if (handler !== undefined) await handler(name);
}
