import { join } from "node:path";
import { SluiceError } from "../core/mod.ts";
import { versions } from "./versions.ts";

/**
 * Finds the Java that runs a service: the one of JAVA_HOME, else the one on the PATH.
 *
 * @param title the service's name for people.
 * @param addressVariable the environment variable that does without it.
 * @returns the program to run.
 * @throws {SluiceError} `JAVA_MISSING` or `JAVA_TOO_OLD`.
 */
export async function findJava(title: string, addressVariable: string): Promise<string> {
  const installHint = "install one (Debian: apt install openjdk-17-jre-headless maven; macOS: " +
    `brew install openjdk maven), or set ${addressVariable} to one that runs elsewhere`;
  const home = Deno.env.get("JAVA_HOME");
  const program = home ? join(home, "bin", "java") : "java";
  const attempted = `run Java for the local ${title}`;
  const where = home ? `JAVA_HOME=${home}` : "the PATH";
  const wanted = `Java ${versions.minJava} or newer`;
  const version = await javaVersion(program);
  if (version === undefined) {
    throw new SluiceError("JAVA_MISSING", {
      attempted,
      where,
      found: "no working java",
      wanted,
      hint: installHint,
    });
  }
  if (version < versions.minJava) {
    throw new SluiceError("JAVA_TOO_OLD", {
      attempted,
      where,
      found: `Java ${version}`,
      wanted,
      hint: `${installHint}; JAVA_HOME chooses among several`,
    });
  }
  return program;
}

/** True when this machine has a Java that can run Kafka. */
export async function javaAvailable(): Promise<boolean> {
  try {
    await findJava("Kafka", "KAFKA_BROKERS");
    return true;
  } catch (error) {
    if (error instanceof SluiceError) return false;
    throw error;
  }
}

/** What Java needs in its environment: without a UTF-8 locale it opens no folder of another name than plain ASCII. */
export function utf8Locale(): Record<string, string> {
  return Deno.build.os === "linux" ? { LC_ALL: "C.UTF-8" } : {};
}

/** The feature version: 17 of `version "17.0.15"`, 8 of `version "1.8.0_402"`. */
async function javaVersion(program: string): Promise<number | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(program, { args: ["-version"] }).output();
    const match = /version "(?:1\.)?(\d+)/.exec(new TextDecoder().decode(stderr));
    return success && match ? Number(match[1]) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}
