import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { errorText, SluiceError } from "../core/mod.ts";
import { withFileLock } from "./file_lock.ts";
import { removeIfThere } from "./remove_if_there.ts";
import { versions } from "./versions.ts";

/** Jars that one service needs, with everything they depend on. */
export interface JarSet {
  /** What the reader knows it as: `"Apache Kafka 4.3.0"`. */
  readonly title: string;
  /** The folder's name under the downloads: `"kafka-4.3.0"`. */
  readonly folderName: string;
  /**
   * Maven coordinates, `group:artifact:version`, of what is fetched with everything it depends on;
   * or of one archive that holds all, `group:artifact:version:tar.gz:classifier`, which is unpacked.
   */
  readonly artifacts: readonly string[];
  /**
   * Maven coordinates, `group:artifact:version:tar.gz:classifier`, of archives that are unpacked into
   * the subfolder `plugins`, without anything they depend on.
   */
  readonly plugins?: readonly string[];
  /** What a first download fetches, Maven's own plugins included, in megabytes. */
  readonly downloadMegabytes: number;
  /** The environment variable that names a service which runs elsewhere. */
  readonly addressVariable: string;
}

/** What a whole folder holds; a folder that holds anything less is fetched again. */
interface Manifest {
  readonly artifacts: readonly string[];
  readonly files: Readonly<Record<string, number>>;
}

const manifestName = "manifest.json";
const archiveName = "archive.tar.gz";

/**
 * Makes sure that `downloadsDir` holds all jars of a set, and fetches them by Maven where it does not.
 *
 * @returns the folder of the jars.
 * @throws {SluiceError} `MAVEN_MISSING` or `DOWNLOAD_FAILED`.
 */
export async function fetchJars(
  jars: JarSet,
  downloadsDir: string,
  onProgress: (message: string) => void,
): Promise<string> {
  const folder = join(downloadsDir, jars.folderName);
  if (await isWhole(jars, folder)) return folder;
  await withFileLock(
    `${folder}.lock`,
    () => onProgress(`${jars.title}: waiting for another process that downloads it`),
    async () => {
      if (await isWhole(jars, folder)) return;
      const partial = `${folder}.partial`;
      await removeIfThere(partial);
      await Deno.mkdir(partial, { recursive: true });
      await download(jars, partial, onProgress);
      await removeIfThere(folder);
      // The download counts from here: before this line the folder is missing and is fetched again.
      await Deno.rename(join(partial, "jars"), folder);
      await removeIfThere(partial);
    },
  );
  return folder;
}

async function download(
  jars: JarSet,
  partial: string,
  onProgress: (message: string) => void,
): Promise<void> {
  await Deno.writeTextFile(join(partial, "pom.xml"), pom(jars));
  onProgress(`${jars.title}: fetching its jars with Maven (${jars.downloadMegabytes} MB at most)`);
  let failure = await runMaven(jars, partial, [], onProgress);
  if (failure !== undefined && !/transfer|offline/.test(failure)) {
    // The network is fine, so Maven's own cache is out of reach or damaged: once more without it.
    onProgress(`${jars.title}: ${failure}; trying again without Maven's cache`);
    await removeIfThere(join(partial, "jars"));
    failure = await runMaven(jars, partial, ["-Dmaven.repo.local=repository"], onProgress);
  }
  if (failure !== undefined) {
    throw new SluiceError("DOWNLOAD_FAILED", {
      attempted: `download ${jars.title} with Maven`,
      where: partial,
      found: failure,
      hint: "check the network, the proxy in Maven's settings.xml and the free disk space, " +
        "then run the same command again: it takes up where it stopped",
      retryable: true,
    });
  }
  const manifest: Manifest = {
    artifacts: allArtifacts(jars),
    files: await jarSizes(join(partial, "jars")),
  };
  await Deno.writeTextFile(join(partial, "jars", manifestName), JSON.stringify(manifest, null, 1));
}

/** Runs Maven once; returns what went wrong, undefined when all jars are there and whole. */
async function runMaven(
  jars: JarSet,
  partial: string,
  options: readonly string[],
  onProgress: (message: string) => void,
): Promise<string | undefined> {
  const process = spawnMaven(jars, {
    args: ["-B", ...options, ...goal(jars)],
    cwd: partial,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  const errors: string[] = [];
  let fetchedBytes = 0;
  let reportedMegabytes = 0;
  let reportedAt = performance.now();
  for await (const line of createInterface({ input: Readable.from(process.stdout) })) {
    if (line.includes("[ERROR]")) {
      errors.push(line.slice(line.indexOf("[ERROR]") + 8).replace(/ -> \[Help \d+\]$/, ""));
    }
    fetchedBytes += downloadedBytes(line);
    const megabytes = Math.round(fetchedBytes / 1e6);
    if (megabytes > reportedMegabytes && performance.now() - reportedAt > 1_000) {
      reportedMegabytes = megabytes;
      reportedAt = performance.now();
      onProgress(`${jars.title}: ${megabytes} of ${jars.downloadMegabytes} MB at most`);
    }
  }
  if (!(await process.status).success) return errors[0] ?? "Maven failed without saying why";
  if (isArchive(jars) && !await unpack(join(partial, archiveName), join(partial, "jars"))) {
    return `${archiveName} came damaged`;
  }
  for (const plugin of jars.plugins ?? []) {
    const archive = join(partial, "jars", archiveOf(plugin));
    if (!await unpack(archive, join(partial, "jars", "plugins"))) {
      return `${archiveOf(plugin)} came damaged`;
    }
    await Deno.remove(archive);
  }
  for (const name of Object.keys(await jarSizes(join(partial, "jars")))) {
    if (!await isWholeJar(join(partial, "jars", name))) return `${name} came damaged`;
  }
  return undefined;
}

/** What Maven is to do. */
function goal({ artifacts }: JarSet): string[] {
  const plugin = "org.apache.maven.plugins:maven-dependency-plugin:";
  const [archive] = artifacts;
  // Of an archive only the bytes are wanted: its POM may name a parent that is nowhere.
  return isArchive({ artifacts })
    ? [
      `${plugin}${versions.mavenGetPlugin}:get`,
      `-Dartifact=${archive}`,
      "-Dtransitive=false",
      `-Ddest=${archiveName}`,
    ]
    : [
      `${plugin}${versions.mavenDependencyPlugin}:copy-dependencies`,
      "-DincludeScope=runtime",
      "-DoutputDirectory=jars",
    ];
}

function isArchive({ artifacts }: Pick<JarSet, "artifacts">): boolean {
  return artifacts.some((artifact) => artifact.includes(":tar.gz:"));
}

/** What Maven calls the file of an archive. */
function archiveOf(plugin: string): string {
  const [, name, version, type, classifier] = plugin.split(":");
  return `${name}-${version}-${classifier}.${type}`;
}

function allArtifacts({ artifacts, plugins = [] }: JarSet): string[] {
  return [...artifacts, ...plugins];
}

/** False if the archive is damaged. */
async function unpack(archive: string, folder: string): Promise<boolean> {
  await Deno.mkdir(folder, { recursive: true });
  const args = ["-xzf", archive, "-C", folder];
  const { success } = await new Deno.Command("tar", { args, stderr: "null" }).output();
  return success;
}

function spawnMaven(
  jars: JarSet,
  options: Deno.CommandOptions & { stdout: "piped" },
): Deno.ChildProcess {
  try {
    return new Deno.Command("mvn", options).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SluiceError("MAVEN_MISSING", {
      attempted: `download ${jars.title}`,
      found: "no mvn on the PATH",
      wanted: "Apache Maven 3.6 or newer",
      hint: "install it (Debian: apt install maven; macOS: brew install maven), " +
        `or set ${jars.addressVariable} to one that runs elsewhere`,
      cause: error,
    });
  }
}

/** `Downloaded from central: https://…/x.jar (9.1 MB at 25 MB/s)` -> 9,100,000. */
function downloadedBytes(line: string): number {
  const match = /Downloaded from .*\(([\d.]+) ([kM]?)B at/.exec(line);
  if (match === null) return 0;
  return Number(match[1]) * (match[2] === "M" ? 1e6 : match[2] === "k" ? 1e3 : 1);
}

async function isWhole(jars: JarSet, folder: string): Promise<boolean> {
  try {
    const text = await Deno.readTextFile(join(folder, manifestName));
    const manifest: Manifest = JSON.parse(text);
    const sizes = await jarSizes(folder);
    return String(manifest.artifacts) === String(allArtifacts(jars)) &&
      Object.entries(manifest.files).every(([name, size]) => sizes[name] === size);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return false;
    throw new SluiceError("DOWNLOADS_UNREADABLE", {
      attempted: `check the jars of ${jars.title}`,
      where: folder,
      found: errorText(error),
      hint: "remove the folder, it is downloaded again",
      cause: error,
    });
  }
}

async function jarSizes(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name.endsWith(".jar")) sizes[name] = (await Deno.stat(join(folder, name))).size;
    if (!isDirectory) continue;
    const inner = await jarSizes(join(folder, name));
    for (const [jar, size] of Object.entries(inner)) sizes[`${name}/${jar}`] = size;
  }
  return sizes;
}

/** A jar is a zip file: its directory ends the file, so that a file cut short has none. */
async function isWholeJar(path: string): Promise<boolean> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const recordBytes = 22;
  const maxCommentBytes = 65_535;
  const first = Math.max(0, bytes.length - recordBytes - maxCommentBytes);
  for (let at = bytes.length - recordBytes; at >= first; at--) {
    if (view.getUint32(at, true) === 0x06054b50) {
      const directoryBytes = view.getUint32(at + 12, true);
      const directoryStart = view.getUint32(at + 16, true);
      return directoryStart + directoryBytes === at;
    }
  }
  return false;
}

function pom(jars: JarSet): string {
  const dependencies = allArtifacts(jars).map((artifact) => {
    const [group, name, version, type, classifier] = artifact.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId>` +
      `<version>${version}</version>${archiveXml(type, classifier)}</dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>sluice</groupId><artifactId>stack</artifactId><version>1</version>
<dependencies>
${dependencies.join("\n")}
</dependencies>
</project>
`;
}

/** An archive holds all that it needs. */
function archiveXml(type: string | undefined, classifier: string | undefined): string {
  if (type === undefined) return "";
  return `<type>${type}</type><classifier>${classifier}</classifier><exclusions><exclusion>` +
    "<groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>";
}
