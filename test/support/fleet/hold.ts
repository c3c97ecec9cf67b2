/** Starts a fleet, says where it is as one line of JSON, and waits to be killed: `node hold.ts SPECS`. */
import { startRealFleet } from "./fleet.ts";

const fleet = await startRealFleet(JSON.parse(process.argv[2] ?? "[]"));
console.log(JSON.stringify({ dir: fleet.dir, pid: fleet.pid, inits: fleet.nodes.map(({ pid }) => pid) }));
process.stdin.resume();
