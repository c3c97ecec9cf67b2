/** The environment of a process whose clock jumps. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** By which a clock is put, ms. */
export const jumps = [
  ["a day ahead", DAY_MS],
  ["a day back", -DAY_MS],
  ["an hour ahead", 60 * MINUTE_MS],
  ["ten minutes back", -10 * MINUTE_MS],
] as const;

/** One jump: what the process gets in its environment, and what makes it happen. */
export interface Jump {
  readonly env: Readonly<Record<string, string>>;
  jump(): void;
}

/** A jump by `ms`, when `jump` is called; the file that tells the process is in `dir`. */
export const jumpBy = (dir: string, name: string, ms: number): Jump => {
  const marker = join(dir, `jumped-${name}`);
  const shim = new URL("./clock.ts", import.meta.url).pathname;
  return {
    env: { NODE_OPTIONS: `--import=${shim}`, NOVASWEEP_CLOCK: `${ms} ${marker}` },
    jump: () => writeFileSync(marker, ""),
  };
};
