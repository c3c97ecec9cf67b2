/** What the environment decides where the command line is silent: which inventories, which state directory. */
import { join } from "node:path";
import type { Surroundings } from "./request.ts";

type Around = Pick<Surroundings, "env" | "home">;

/** `--identity=~/key` reaches us with its tilde: shells expand it only at the start of a word. */
export const atHome = (path: string, { home }: Around): string =>
  path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path;

/** The inventories named by options, else the one of the environment; none: the first of the defaults that is there. */
export const inventoriesNamed = (named: readonly string[], around: Around): readonly string[] => {
  const fromEnv = around.env["NOVASWEEP_INVENTORY"];
  return (named.length > 0 || !fromEnv ? named : [fromEnv]).map((path) => atHome(path, around));
};

/** XDG: an unset, empty or relative XDG_STATE_HOME counts as ~/.local/state. */
export const stateDirOf = (given: string | undefined, around: Around): string => {
  if (given !== undefined) return atHome(given, around);
  const xdg = around.env["XDG_STATE_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(around.home, ".local/state"), "novasweep");
};
