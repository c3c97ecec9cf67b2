/**
 * Loaded into a process before anything else (`--import`): its time of day jumps, as when somebody sets the clock or a
 * machine's daemon steps it. Clocks that only count, which timers run on, go on as they were. The words are NOVASWEEP_CLOCK:
 * `MS FILE`, by so many milliseconds as soon as there is such a file.
 */
import { existsSync } from "node:fs";

const [ms = "0", ...rest] = (process.env["NOVASWEEP_CLOCK"] ?? "").split(" ");
const marker = rest.join(" ");
const now = Date.now.bind(Date);
const moved = (): number => now() + (existsSync(marker) ? Number(ms) : 0);

globalThis.Date = new Proxy(Date, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [moved()] : args, self),
  apply: () => new Date(moved()).toString(),
  get: (target, name, self) => (name === "now" ? moved : Reflect.get(target, name, self)),
});
