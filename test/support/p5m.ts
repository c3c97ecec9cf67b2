/** A second opinion on package manifests: a strict reader after the text of pkg(5), which shares nothing with the writer. */

/** One action as pkg(5) has it: values by attribute name, several as a list. */
export interface ReadAction {
  readonly name: string;
  readonly payload: string | undefined;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

/** What each action has to say; pkg(5), "Actions". */
const required: Readonly<Record<string, readonly string[]>> = {
  set: ["name", "value"],
  file: ["path", "owner", "group", "mode"],
  dir: ["path", "owner", "group", "mode"],
  license: ["license"],
  depend: ["type", "fmri"],
};
const takesPayload = new Set(["file", "license"]);

/** Reads a manifest, one action a line (a `\` goes on between attributes). Throws for whatever pkg(5) does not have. */
export const readP5m = (text: string): readonly ReadAction[] => {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map(readAction);
};

const readAction = (line: string): ReadAction => {
  const [name = "", ...words] = wordsOf(line);
  const wanted = required[name];
  if (wanted === undefined) throw new Error(`unknown action: ${line}`);
  const payload = takesPayload.has(name) ? words.shift() : undefined;
  if (takesPayload.has(name) && (payload === undefined || payload.includes("=")))
    throw new Error(`no payload: ${line}`);
  const attributes = new Map<string, readonly string[]>();
  for (const word of words) {
    const [, key = "", value = ""] = /^([A-Za-z][A-Za-z0-9_.-]*)=(.+)$/s.exec(word) ?? [];
    if (key === "") throw new Error(`no attribute: ${word} in ${line}`);
    attributes.set(key, [...(attributes.get(key) ?? []), value]);
  }
  const missing = wanted.filter((key) => !attributes.has(key));
  if (missing.length > 0) throw new Error(`without ${missing.join(", ")}: ${line}`);
  return { name, payload, attributes };
};

/** Words parted by blanks; `key="a b"` is one of them, with `\"` and `\\` in its quotes. */
const wordsOf = (line: string): readonly string[] => {
  const words: string[] = [];
  const form = /\s*(?:([^\s"'=]+=)?"((?:[^"\\]|\\.)*)"|([^\s"'\\]+))(?=\s|$)/gy;
  let end = 0;
  for (const match of line.matchAll(form)) {
    const [whole, key = "", quoted, bare] = match;
    words.push(bare ?? key + (quoted ?? "").replaceAll(/\\(.)/g, "$1"));
    end = (match.index ?? 0) + whole.length;
  }
  if (line.slice(end).trim() !== "") throw new Error(`not to be parted into words: ${line}`);
  return words;
};

/** What pkg(5), pkg(1) and the fact sheet forbid or demand of a whole manifest; each breach in words. `payloads`: what the proto area has. */
export const breachesOf = (actions: readonly ReadAction[], payloads: ReadonlySet<string>): readonly string[] => {
  const breaches: string[] = [];
  const demand = (holds: boolean, what: string): void => {
    if (!holds) breaches.push(what);
  };
  const one = (action: ReadAction, key: string): string => action.attributes.get(key)?.join(" ") ?? "";
  const sets = actions.filter(({ name }) => name === "set");
  const names = sets.map((action) => one(action, "name"));
  demand(new Set(names).size === names.length, "an attribute of the package is set twice");
  for (const name of ["pkg.fmri", "pkg.summary", "pkg.description", "info.classification"])
    demand(names.includes(name), `${name} is not set`);
  const [fmri = ""] = sets.filter((action) => one(action, "name") === "pkg.fmri").map((action) => one(action, "value"));
  const number = "(?:0|[1-9][0-9]*)";
  demand(
    new RegExp(`^pkg://[a-zA-Z0-9][a-zA-Z0-9.-]*/[A-Za-z0-9][A-Za-z0-9_./+-]*@${number}(?:\\.${number})*$`).test(fmri),
    `no FMRI: ${fmri}`,
  );
  const delivering = actions.filter(({ attributes }) => attributes.has("path"));
  const paths = delivering.map((action) => one(action, "path"));
  demand(new Set(paths).size === paths.length, "a path is delivered twice");
  for (const action of delivering) {
    const path = one(action, "path");
    demand(/^[^/\s]+(?:\/[^/\s]+)*$/.test(path) && !path.split("/").includes(".."), `no relative path: ${path}`);
    demand(
      !/^(?:var\/(?:share|tmp|pkg)|tmp|system\/volatile)(?:\/|$)/.test(path),
      `nothing may be delivered to ${path}`,
    );
    demand(/^0[0-7]{3}$/.test(one(action, "mode")), `no mode of ${path}: ${one(action, "mode")}`);
    for (const actuator of ["restart_fmri", "refresh_fmri", "disable_fmri"])
      for (const value of action.attributes.get(actuator) ?? [])
        demand(/^svc:\/[a-z0-9/-]+:[a-z0-9-]+$/.test(value), `${actuator} names no instance: ${value}`);
    if (/^(?:lib|var)\/svc\/manifest\/.*\.xml$/.test(path)) {
      demand(one(action, "restart_fmri") === "svc:/system/manifest-import:default", `${path} is not imported`);
      demand(names.includes("org.opensolaris.smf.fmri"), "the services are not named");
    }
  }
  const used = actions.flatMap(({ payload }) => payload ?? []);
  for (const payload of used) demand(payloads.has(payload), `no payload ${payload}`);
  for (const payload of payloads) demand(used.includes(payload), `nobody delivers ${payload}`);
  return breaches;
};
