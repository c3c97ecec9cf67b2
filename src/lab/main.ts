/**
 * The lab's own process: `node main.ts OPTIONS-AS-JSON`. Prints one JSON line when the fleet is ready, and ends when
 * its stdin does, so that it never outlives whoever started it; then nothing of it is left.
 */
import { fileURLToPath } from "node:url";
import { startFleet } from "./fleet.ts";
import type { LabOptions } from "./options.ts";

const run = async (): Promise<void> => {
  const options: LabOptions = JSON.parse(process.argv[2] ?? "{}");
  const fleet = await startFleet(options, fileURLToPath(new URL("./sim", import.meta.url)), Date.now());
  const end = (): void => {
    fleet.stop();
    process.exit(0);
  };
  process.stdin.on("end", end);
  process.stdin.on("error", end);
  process.on("SIGTERM", end);
  // The terminal's Ctrl-C is for the controller, which may still want its nodes.
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  process.stdout.on("error", end);
  process.stdout.write(`${JSON.stringify(fleet.ready)}\n`);
  process.stdin.resume();
};

await run();
