import { join, relative } from "node:path";
import { findJava, utf8Locale } from "./java.ts";
import { fetchJars, type JarSet } from "./maven.ts";
import type { ServiceCommand } from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";
import type { Service, ServiceContext } from "./service.ts";
import { versions } from "./versions.ts";

const apicurioJars: JarSet = {
  title: `Apicurio Registry ${versions.apicurio}`,
  folderName: `apicurio-${versions.apicurio}`,
  artifacts: [`io.apicurio:apicurio-registry-app:${versions.apicurio}:tar.gz:all`],
  downloadMegabytes: 120,
  addressVariable: "SCHEMA_REGISTRY_URL",
};

const ANSWER_TIMEOUT_MS = 5_000;

/**
 * Apicurio Registry: schemas by Confluent's API. It keeps them in a file of its own, so that ids in
 * a topic's records outlive it.
 */
export const registryService: Service = {
  name: "registry",
  title: "Schema registry",
  version: versions.apicurio,
  addressVariable: "SCHEMA_REGISTRY_URL",
  portVariable: "SLUICE_REGISTRY_PORT",
  defaultPort: 18_081,
  onDemand: true,
  stopSignal: "SIGTERM",
  ports: (port) => [port],
  address: registryUrl,
  addresses: (address) => ({ schemaRegistryUrl: address }),
  prepare: prepareRegistry,
  answers: registryAnswers,
  wipe: ({ stateDir }) => removeIfThere(registryDir(stateDir)),
};

async function prepareRegistry(context: ServiceContext): Promise<ServiceCommand> {
  const java = await findJava("schema registry", "SCHEMA_REGISTRY_URL");
  const jarsDir = await fetchJars(apicurioJars, context.downloadsDir, context.onProgress);
  const cwd = registryDir(context.stateDir);
  await Deno.mkdir(cwd, { recursive: true });
  return {
    program: java,
    args: [
      "-Xmx256m",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-Dquarkus.http.host=127.0.0.1",
      `-Dquarkus.http.port=${context.port}`,
      "-jar",
      join(relative(cwd, jarsDir), `apicurio-registry-app-${versions.apicurio}-runner.jar`),
    ],
    cwd,
    env: {
      ...utf8Locale(),
      APICURIO_STORAGE_KIND: "sql",
      APICURIO_STORAGE_SQL_KIND: "h2",
      // Relative: the checkout may lie where such an address could not name it.
      APICURIO_DATASOURCE_URL: "jdbc:h2:file:./data/registry",
    },
  };
}

async function registryAnswers(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await fetch(`${registryUrl(port)}/subjects`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Where Apicurio has Confluent's API. */
function registryUrl(port: number): string {
  return `http://127.0.0.1:${port}/apis/ccompat/v7`;
}

function registryDir(stateDir: string): string {
  return join(stateDir, "registry");
}
