import config from "../../../deno.json" with { type: "json" };

/** Who wrote a commit, as its `commitInfo.engineInfo` says. */
export const ENGINE_INFO = `Sluice/${config.version}`;
