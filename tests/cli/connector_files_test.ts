import { deepEqual, equal, ok, rejects, throws } from "assert";
import { readConnectorFile } from "../../lib/cli/connectors/connector_file.ts";
import { fillReferences, plainSecrets } from "../../lib/cli/connectors/references.ts";
import { checkout } from "../support/paths.ts";
import { tempFolder } from "../support/temp_folder.ts";

const VARIABLES = {
  KAFKA_BROKERS: "kafka:9092",
  ...Object.fromEntries(
    ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"].map((name) => [name, name]),
  ),
  ...Object.fromEntries(
    ["HOST", "PORT", "USER", "PASSWORD", "DATABASE"].map((name) => [`MYSQL_${name}`, name]),
  ),
};

Deno.test("a connector's file is its settings, or a name and settings; numbers keep their digits", async () => {
  await using folder = await tempFolder();
  await folder.write("orders.json", '{"tasks.max": 1, "x": 9007199254740993, "y": true}');
  await folder.write("b.json", '{"name": "shop", "config": {"tasks.max": "1"}}');
  const settings = await readConnectorFile(`${folder.path}/orders.json`);
  equal(settings.name, "orders");
  deepEqual(settings.config, { "tasks.max": "1", x: "9007199254740993", y: "true" });
  const wrapped = await readConnectorFile(`${folder.path}/b.json`);
  deepEqual([wrapped.name, wrapped.config], ["shop", { "tasks.max": "1" }]);
  await folder.write("c.json", '{"a": null}');
  await rejects(readConnectorFile(`${folder.path}/c.json`), {
    code: "BAD_CONNECTOR_FILE",
    message: /c\.json, setting "a": found null, wanted text, a number, true or false/,
  });
});

Deno.test("references to the environment are filled in, others stay, and secrets are taken out of texts", () => {
  const config = {
    "topic.prefix": "${env:PGUSER}_${env:PGDATABASE}",
    "database.password": "${env:PGPASSWORD}",
    "ssl.key.password": "${file:/run/secrets/a:b}",
    "some.token": "plain-token",
  };
  const file = { path: "a.json", name: "a", config };
  const filled = fillReferences(file, { PGUSER: "me", PGDATABASE: "shop", PGPASSWORD: "a.c" });
  deepEqual(filled.config, { ...config, "topic.prefix": "me_shop", "database.password": "a.c" });
  equal(
    filled.redact("login as me with a.c or abc or (plain-token), not a.cd"),
    "login as me with ${env:PGPASSWORD} or abc or (***), not a.cd",
  );
  deepEqual(plainSecrets(config), ["some.token"]);
  throws(() => fillReferences(file, { PGUSER: "me" }), {
    code: "MISSING_VARIABLE",
    message: /fill in \$\{env:PGDATABASE\} at a\.json, setting "topic\.prefix"/,
  });
});

Deno.test("the connectors that come along keep no secret, and have their topics made", async () => {
  const folder = `${checkout}/data/connectors`;
  for await (const { name } of Deno.readDir(folder)) {
    const file = await readConnectorFile(`${folder}/${name}`);
    deepEqual(plainSecrets(file.config), [], name);
    const { config } = fillReferences(file, VARIABLES);
    equal(config["topic.creation.default.replication.factor"], "-1", name);
    // Without schemas nothing says what scale the bytes of a decimal have.
    const hasSchemas = config["value.converter.schemas.enable"] === "true";
    ok(config["decimal.handling.mode"] === "string" || hasSchemas, name);
  }
});
