import type { HostName } from "../domain/ids.ts";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import { type Claims, layer } from "./claims.ts";
import type { ReadFile } from "./files.ts";
import { groupLevels } from "./group-tree.ts";
import { type Asked, type Findings, joinLevels, readLevel } from "./levels.ts";
import type { Group, Inventory } from "./model.ts";
import { type ConnectionOptions, claimsOfOptions } from "./options.ts";
import { selectHosts } from "./patterns.ts";
import { contradictions, type Fallbacks, type ResolvedHost, settleHost, sshQuestion } from "./settle.ts";
import { readInventories, readSettingsFiles } from "./sources.ts";
import type { AskSsh } from "./ssh-defaults.ts";

export interface ResolveInput {
  /** Inventory files in the order given; a later one overrides an earlier one. */
  readonly inventories: readonly string[];
  /** Settings files, strongest first; a missing one is none. */
  readonly settingsFiles: readonly string[];
  /** `--set KEY=VALUE`, as typed. */
  readonly set: readonly string[];
  readonly options: ConnectionOptions & { readonly identity?: readonly string[] };
  readonly patterns: readonly string[];
  readonly limits: readonly string[];
  /** Of the selected hosts these alone are wanted; absent: all. */
  readonly only?: ReadonlySet<HostName>;
  readonly loginUser: string;
  readonly home: string;
  readonly workingDirectory: string;
  readonly readFile: ReadFile;
  /** Asked about the hosts that are wanted only. */
  readonly askSsh: AskSsh;
  /** Aborted: an executable inventory is killed. */
  readonly interrupt?: AbortSignal;
}

export interface Resolved {
  /** The selected hosts in the order of the inventory; never empty, unless `only` leaves none. */
  readonly hosts: readonly ResolvedHost[];
  readonly warnings: readonly string[];
}

/**
 * From files, options and patterns to hosts with settings. The whole inventory is checked, not only what is selected.
 * Errors: `E_INVENTORY`, `E_SETTING`, `E_PATTERN`.
 */
export const resolveHosts = async (input: ResolveInput): Promise<Result<Resolved, readonly Complaint[]>> => {
  const inventory = await readInventories(input.inventories, input.readFile, input.interrupt);
  const files = readSettingsFiles(input.settingsFiles, input.readFile);
  const options = claimsOfOptions(input.set, input.options);
  if (!inventory.ok || !files.ok || !options.ok)
    return err([inventory, files, options].flatMap((part) => (part.ok ? [] : part.error)));

  const findings: Findings = { complaints: new Map(), warnings: new Map() };
  const all = gatherAll(inventory.value, files.value, options.value, findings);
  const selection = selectHosts(inventory.value, input.patterns, input.limits, input.readFile);
  const wrong = [...findings.complaints.values(), ...(selection.ok ? [] : selection.error)];
  if (!selection.ok || isNonEmpty(wrong)) return err(wrong);

  const hosts = await settleAll(
    selection.value.flatMap((name) => (input.only?.has(name) === false ? [] : (all.get(name) ?? []))),
    input,
  );
  if (!hosts.ok) return hosts;
  const contradicting = inconsistent(hosts.value);
  return isNonEmpty(contradicting)
    ? err(contradicting)
    : ok({ hosts: hosts.value, warnings: [...inventory.value.warnings, ...findings.warnings.values()] });
};

/** A host and all that was said about it. */
interface Gathered {
  readonly name: HostName;
  readonly groups: readonly string[];
  readonly asked: Asked;
}

const gatherAll = (
  inventory: Inventory,
  weakest: Claims,
  strongest: Claims,
  findings: Findings,
): ReadonlyMap<string, Gathered> => {
  const groups = [...inventory.groups.values()];
  const levels = new Map(groups.map((group) => [group, readLevel(group.variables, findings)]));
  const fromFolders = new Map(
    groups
      .filter(({ folderVariables }) => folderVariables.size > 0)
      .map((group) => [group, readLevel(group.folderVariables, findings)]),
  );
  const groupsAbove = groupLevels(inventory.groups);
  // Hosts of the same groups, most of a fleet, share what their groups ask for.
  const ofGroups = new Map<readonly Group[], Asked>();
  const gathered = new Map<string, Gathered>();
  for (const host of inventory.hosts.values()) {
    const above = groupsAbove(host);
    const shared =
      ofGroups.get(above) ??
      joinLevels(
        { settings: weakest, extra: {} },
        [levels, fromFolders].flatMap((layer) => above.flatMap((group) => layer.get(group) ?? [])),
      );
    ofGroups.set(above, shared);
    const own = joinLevels(shared, [readLevel(host.variables, findings)]);
    const asked = { ...own, settings: layer(own.settings, strongest) };
    gathered.set(host.name, { name: host.name, groups: [...host.groups], asked });
  }
  return gathered;
};

const settleAll = async (
  hosts: readonly Gathered[],
  input: ResolveInput,
): Promise<Result<readonly ResolvedHost[], readonly Complaint[]>> => {
  const absolute = absolutePath(input.home, input.workingDirectory);
  const fallbacks: Fallbacks = {
    loginUser: input.loginUser,
    identityFiles: (input.options.identity ?? []).map(absolute),
    absolute,
  };
  const answers = await input.askSsh(hosts.map(({ name, asked }) => sshQuestion(name, asked)));
  if (!answers.ok) return answers;
  return ok(
    hosts.flatMap(({ name, groups, asked }, at) => {
      const ssh = answers.value[at];
      return ssh === undefined ? [] : settleHost(name, groups, asked, fallbacks, ssh);
    }),
  );
};

const absolutePath =
  (home: string, workingDirectory: string) =>
  (path: string): string => {
    if (path.startsWith("/")) return path;
    return path.startsWith("~/") ? `${home}${path.slice(1)}` : `${workingDirectory}/${path.replace(/^\.\//, "")}`;
  };

/** Each contradiction once, with the hosts it concerns. */
const inconsistent = (hosts: readonly ResolvedHost[]): readonly Complaint[] => {
  const found = new Map<string, { readonly complaint: Complaint; readonly first: string; count: number }>();
  for (const resolved of hosts)
    for (const complaint of contradictions(resolved)) {
      const key = `${complaint.where}\n${complaint.what}`;
      const known = found.get(key) ?? { complaint, first: resolved.host.name, count: 0 };
      known.count++;
      found.set(key, known);
    }
  return [...found.values()].map(({ complaint, first, count }) => ({
    ...complaint,
    what: `${first}${count > 1 ? ` and ${count - 1} more` : ""}: ${complaint.what}`,
  }));
};
