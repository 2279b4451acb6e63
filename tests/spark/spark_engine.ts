// A first run takes minutes and says so.
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { EngineServer } from "../support/engine_server.ts";
import type { PythonHome } from "../support/python.ts";
import { sluiceDir } from "../support/stack.ts";

const home: PythonHome = {
  folder: "venv-spark",
  packages: ["pyspark==4.2.0", "delta-spark==4.4.0", "pyarrow==26.0.1"],
};

const pom = fileURLToPath(new URL("pom.xml", import.meta.url));
const jarsDir = `${sluiceDir}/spark-jars`;

/** Starts Spark with Delta Lake; what it needs is fetched once, into `.sluice`. */
export async function startSpark(): Promise<EngineServer> {
  await fetchJars();
  return await EngineServer.start(home, "spark/serve_spark.py", [jarsDir]);
}

async function fetchJars(): Promise<void> {
  const marker = `${jarsDir}/fetched.xml`;
  const wanted = await Deno.readTextFile(pom);
  if (await Deno.readTextFile(marker).catch(() => "") === wanted) return;
  console.error(`fetching the jars of Delta Lake for Spark into ${jarsDir}, once`);
  const { success, stdout } = await new Deno.Command("mvn", {
    args: ["-B", "-q", "-f", pom, "dependency:copy-dependencies"]
      .concat(["-DincludeScope=runtime", `-DoutputDirectory=${jarsDir}`]),
  }).output();
  if (!success) throw new Error(`Maven failed:\n${new TextDecoder().decode(stdout)}`);
  await Deno.writeTextFile(marker, wanted);
}
