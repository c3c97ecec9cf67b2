/**
 * Replaces the prelude of a received script: the same text runs on a node of the lab, with simulators as tools and
 * the node's private directory as `R`. docs/remote-protocol.md, "The prelude".
 */

/** POSIX utilities whose Debian namesake does the same under POSIX options; everything else is a simulator or missing. */
const machineTools = new Set(
  [
    "awk basename cat cmp comm cut date diff dirname du echo env expr false find grep head hostname kill ln nawk",
    "od paste printf ps pwd sed sleep sort sync tail tee test tr true tty uniq wc",
  ].flatMap((line) => line.split(" ")),
);

export interface PreludeTable {
  /** The node's private directory, `R`. */
  readonly root: string;
  /** Where the simulators lie. */
  readonly simDir: string;
  /** Names of the simulators there. */
  readonly simulators: ReadonlySet<string>;
  /** The shell that scripts run with. */
  readonly shell: string;
}

/** Single-quoted for any Bourne shell. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Where a tool of the production table lies on a simulated node; a tool the lab does not know is a path that is not there. */
export const labTool = (path: string, table: PreludeTable): string => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "sh") return table.shell;
  if (table.simulators.has(name)) return `${table.simDir}/${name}`;
  if (machineTools.has(name)) return `/usr/bin/${name}`;
  return `${table.simDir}/absent/${name}`;
};

/**
 * The script with its prelude block replaced; a script without one, or with one that was cut, comes back as it is.
 */
export const replacePrelude = (script: string, table: PreludeTable): string => {
  const block = /^([ \t]*# prelude[ \t]*\n)([\s\S]*?)^([ \t]*# end prelude[ \t]*(?:\n|$))/m.exec(script);
  if (block === null) return script;
  const [whole, open = "", body = "", close = ""] = block;
  const lines = body.split("\n").flatMap((line) => {
    const [, name = "", value = ""] = /^[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === "" || name === "R") return [];
    if (name === "PATH") return [`PATH=${quote(`${table.simDir}:/usr/bin:/bin`)}`];
    const path = value.replaceAll(/^['"]|['"]$/g, "");
    return [path.startsWith("/") ? `${name}=${quote(labTool(path, table))}` : line];
  });
  const own = `${open}${lines.join("\n")}\nR=${quote(table.root)}\n${close}`;
  const rest = script.slice(block.index + whole.length).replace(/^([ \t]*)R=(?:''|"")?[ \t]*\n/, "");
  return script.slice(0, block.index) + own + rest;
};
