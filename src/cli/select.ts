/** From a request to the hosts it selects: which files, which settings, which patterns. */
import { existsSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import type { HostName } from "../domain/ids.ts";
import { type Complaint, err, type Result } from "../domain/result.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import { readFile } from "../inventory/files.ts";
import { type Resolved, resolveHosts } from "../inventory/resolve.ts";
import { sshConfig } from "../ssh-config/ask.ts";
import type { Io } from "./io.ts";
import { inventoryDefaults, type Selection } from "./request.ts";

/**
 * Reads inventory and settings and selects, of that `only` these if given; every complaint names its file and line.
 * Warnings go to stderr. Contacts no host.
 */
export const selectFor = async (
  request: Selection,
  io: Io,
  only?: ReadonlySet<HostName>,
): Promise<Result<Resolved, readonly Complaint[]>> => {
  const interrupt = new AbortController();
  // An executable inventory runs in a process group of its own, where Ctrl-C does not reach it.
  const stopListening = io.onSignal(() => {
    interrupt.abort();
    io.exitNow();
  });
  try {
    const selected = await select(request, io, interrupt.signal, only);
    const warnings = selected.ok ? selected.value.warnings : [];
    for (const warning of warnings) io.stderr.write(`novasweep: warning: ${visibleSafe(warning)}\n`);
    return selected;
  } finally {
    stopListening();
  }
};

const select = async (
  request: Selection,
  io: Io,
  interrupt: AbortSignal,
  only: ReadonlySet<HostName> | undefined,
): Promise<Result<Resolved, readonly Complaint[]>> => {
  const inventories = inventoriesOf(request, io);
  if (!inventories.ok) return inventories;
  const { user, port, become, jump, transport, identityFiles } = request.overrides;
  return resolveHosts({
    inventories: inventories.value,
    settingsFiles: settingsFilesOf(io),
    set: request.sets.map(({ key, value }) => `${key}=${value}`),
    options: {
      ...(user === undefined ? {} : { user }),
      ...(port === undefined ? {} : { port: String(port) }),
      ...(become === undefined ? {} : { become }),
      ...(jump === undefined ? {} : { jump }),
      ...(transport === undefined ? {} : { transport }),
      ...(identityFiles.length === 0 ? {} : { identity: identityFiles }),
    },
    patterns: request.patterns,
    limits: request.limits,
    ...(only === undefined ? {} : { only }),
    loginUser: io.user,
    home: io.home,
    workingDirectory: io.workingDirectory,
    readFile,
    interrupt,
    askSsh: sshConfig({
      ...surroundings(io),
      file: request.sshConfig,
      signal: interrupt,
    }),
  });
};

/** ssh finds its files by the account's home directory, whatever HOME says. */
const surroundings = ({ env, user }: Io) => {
  const { homedir, uid } = userInfo();
  return { env, uid, home: homedir, localUser: user, localHost: hostname() };
};

/** Settings files, strongest first. */
export const settingsFilesOf = ({ home }: Pick<Io, "home">): readonly string[] => [
  "novasweep.ini",
  `${home}/.config/novasweep/novasweep.ini`,
];

/** Whether an inventory was named or stands where one is looked for. */
export const hasInventory = (request: Pick<Selection, "inventories">, io: Pick<Io, "home">): boolean =>
  request.inventories.length > 0 || inventoryDefaults(io.home).some((place) => existsSync(place));

/** The inventories that a selection reads. */
export const inventoriesRead = (request: Selection, io: Io): readonly string[] => {
  const found = inventoriesOf(request, io);
  return found.ok ? found.value : [];
};

const inventoriesOf = (request: Selection, io: Io): Result<readonly string[], readonly Complaint[]> => {
  if (request.inventories.length > 0) return { ok: true, value: request.inventories };
  const places = inventoryDefaults(io.home);
  const found = places.find((place) => existsSync(place));
  return found === undefined
    ? err([
        {
          code: "E_INVENTORY",
          what: "there is no inventory",
          where: places.join(", "),
          try: "name one with -i, or write inventory/hosts.ini: a host name a line is enough",
        },
      ])
    : { ok: true, value: [found] };
};
