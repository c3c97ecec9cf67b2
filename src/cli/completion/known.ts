/** What a completion looks up: hosts and groups, runs, settings, faults. Whatever cannot be read is not offered, without a word. */
import { existsSync, statSync } from "node:fs";
import { unreachable } from "../../domain/result.ts";
import { visibleSafe } from "../../domain/safe-text.ts";
import { type ReadFile, readFile } from "../../inventory/files.ts";
import { readInventories } from "../../inventory/sources.ts";
import { listRuns } from "../../journal/runs.ts";
import { inventoryDefaults, type Surroundings } from "../request.ts";
import { inventoriesNamed, stateDirOf } from "../surroundings.ts";
import type { Wanted, Word } from "./wanted.ts";

/** Runs offered, the newest: a list one can still look through. */
const MAX_RUNS = 100;

type Around = Pick<Surroundings, "env" | "home">;

/** Words for what is wanted; names a terminal or a shell could take for something else are left out. */
export const knownWords = async (wanted: Wanted, around: Around): Promise<readonly Word[]> =>
  (await lookUp(wanted, around)).filter(({ text }) => /^[^\s]+$/.test(text) && visibleSafe(text) === text);

const lookUp = async (wanted: Wanted, around: Around): Promise<readonly Word[]> => {
  switch (wanted.kind) {
    case "words":
      return wanted.words;
    case "files":
    case "directories":
      return [];
    case "hosts":
      return hostsIn(inventoriesNamed(wanted.inventories, around), around);
    case "runs":
      return runsIn(stateDirOf(wanted.stateDir, around));
    case "settings": {
      const { settingsTable } = await import("../../inventory/settings-table.ts");
      return Object.values(settingsTable).map(({ name }) => ({ text: `${name}=` }));
    }
    case "faults": {
      const { faults } = await import("../../lab/faults.ts");
      return faults.map(({ name, does }) => ({ text: name, says: does }));
    }
    default:
      return unreachable(wanted);
  }
};

const hostsIn = async (named: readonly string[], { home }: Around): Promise<readonly Word[]> => {
  const byDefault = inventoryDefaults(home)
    .filter((path) => existsSync(path))
    .slice(0, 1);
  const inventory = await readInventories(named.length > 0 ? named : byDefault, readPlainFile);
  if (!inventory.ok) return [];
  const groups = [...inventory.value.groups.keys()].map((text) => ({ text, says: "group" }));
  return [...groups, ...[...inventory.value.hosts.keys()].map((text) => ({ text }))];
};

/**
 * Regular files without an execute bit: whoever presses Tab has not asked for a program to run, and a pipe would keep
 * the shell waiting, or be empty for the command it was meant for.
 */
const readPlainFile: ReadFile = (path) => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() && (stat.mode & 0o111) === 0 ? readFile(path) : { kind: "missing" };
};

const runsIn = async (stateDir: string): Promise<readonly Word[]> => {
  const runs = await listRuns(stateDir);
  return runs.ok
    ? runs.value
        .slice(-MAX_RUNS)
        .reverse()
        .map((text) => ({ text }))
    : [];
};
