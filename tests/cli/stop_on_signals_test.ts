import { deepEqual, equal } from "assert";
import { fileURLToPath } from "node:url";

const modulePath = fileURLToPath(new URL("../../lib/cli/mod.ts", import.meta.url));

/** Stops in an order of its own, a second and a half after it is told to. */
const SCRIPT = `
  import { stopOnSignals } from ${JSON.stringify(modulePath)};
  const stopped = Promise.withResolvers();
  using _signals = stopOnSignals((signal) => {
    console.log(signal);
    setTimeout(() => stopped.resolve(), 1500);
  });
  console.log("ready");
  await stopped.promise;
  console.log("summary");
`;

Deno.test("a Ctrl-C that comes twice at once is one, and a second one ends the process", async () => {
  deepEqual(await interrupted(0), { code: 0, lines: ["ready", "SIGINT", "summary"] });
  deepEqual(await interrupted(700), { code: 130, lines: ["ready", "SIGINT"] });
});

/** How a process ends that gets SIGINT twice. */
async function interrupted(pauseMs: number): Promise<{ code: number; lines: string[] }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const script = child.stdin.getWriter();
  await script.write(new TextEncoder().encode(SCRIPT));
  await script.close();
  let printed = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const isFirst = printed === "";
    printed += text;
    if (!isFirst) continue;
    equal(printed, "ready\n");
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    child.kill("SIGINT");
  }
  const { code } = await child.status;
  return { code, lines: printed.trimEnd().split("\n") };
}
