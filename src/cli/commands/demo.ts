/** `novasweep demo`: a rollout on an embedded fleet, then a second one that finds nothing to do. */
import { join } from "node:path";
import { parseFaults } from "../../lab/faults.ts";
import { type Lab, startLab } from "../../lab/start.ts";
import { complain, type Io } from "../io.ts";
import type { DemoRequest, RolloutRequest } from "../request.ts";
import { fleetCommand } from "./fleet.ts";

/** Starts the fleet, rolls out to it, and says how to go on. The exit status is the first rollout's, or the second's. */
export const demoCommand = async (request: DemoRequest, io: Io): Promise<number> => {
  const faults = parseFaults(request.faults.join(","));
  if (!faults.ok) return complain(io, [faults.error]);
  const faulty = faults.value.reduce((sum, { count }) => sum + count, 0);
  if (faulty >= request.nodes)
    return complain(io, [
      {
        code: "E_USAGE",
        what: `${faulty} faults do not fit on ${request.nodes} nodes: the first stays healthy, as the canary`,
        where: "--faults",
        try: `--nodes ${faulty + 1}`,
      },
    ]);
  say(
    io,
    `Starting ${request.nodes} simulated Solaris nodes: real SSH servers on 127.0.0.1, each with a directory of its own as root.`,
  );
  const lab = await startLab({ nodes: request.nodes, faults: faults.value });
  try {
    return await rehearse(request, io, lab);
  } finally {
    await lab.stop();
  }
};

const rehearse = async (request: DemoRequest, io: Io, lab: Lab): Promise<number> => {
  const rollout = rolloutOf(request, lab);
  say(
    io,
    "They run the Juno, Kilo and Mitaka releases of Nova, and cache Glance images without a quota, most inside the boot environment.",
  );
  say(
    io,
    `\n$ novasweep rollout all --yes --waves 1,100% --max-bad 100% --max-missing 100% --soak ${request.soakS}s\n`,
  );
  const first = await fleetCommand(rollout, io);
  if (first !== 0) {
    say(
      io,
      `\nThe rollout ended with exit status ${first}: the faults asked for (${request.faults.join(", ") || "none"}) are above.`,
    );
    say(io, goOn);
    return first;
  }
  say(io, "\nEvery node is changed. A second rollout looks again and must find nothing to do:\n");
  const second = await fleetCommand(rollout, io);
  say(io, goOn);
  return second;
};

const goOn = `
The fleet was simulated and is gone; nothing is left behind. To go on with your own nodes:
  1. write inventory/hosts.ini: one host name a line, an Ansible inventory works as it is
  2. novasweep status all              look at every node, change nothing
  3. novasweep rollout all --check     see the plan
  4. novasweep rollout all             accept it
In a clone, alias novasweep="$PWD/node_modules/.bin/node $PWD/bin/novasweep.js" makes it a command.
To rehearse trouble first: novasweep demo --faults restart-fails,busy,unreachable`;

const say = (io: Io, text: string): void => {
  io.stderr.write(`${text}\n`);
};

/** What the printed command line stands for, against the lab. */
const rolloutOf = (request: DemoRequest, lab: Lab): RolloutRequest => ({
  command: "rollout",
  patterns: ["all"],
  limits: [],
  inventories: [lab.inventoryPath],
  sets: [],
  overrides: {
    user: undefined,
    port: undefined,
    become: undefined,
    jump: undefined,
    transport: "ssh2",
    identityFiles: [lab.keyPath],
  },
  sshConfig: "none",
  askBecomePass: false,
  knownHosts: lab.knownHostsPath,
  hostKeyPolicy: "strict",
  parallel: 32,
  connectParallel: 16,
  connectTimeoutS: 5,
  stepTimeoutS: 30,
  hostTimeoutS: 300,
  runTimeoutS: 1800,
  check: false,
  probe: undefined,
  onEvent: undefined,
  planOut: undefined,
  plan: undefined,
  diff: false,
  yes: true,
  waves: [
    { kind: "count", count: 1 },
    { kind: "percent", percent: 100 },
  ],
  maxBad: { kind: "percent", percent: 100 },
  maxMissing: { kind: "percent", percent: 100 },
  soakS: request.soakS,
  breakStaleLock: false,
  waitIdleS: 0,
  migrateCache: false,
  activatePending: false,
  thisBootEnvironment: false,
  output: request.output,
  // The lab's process removes its directory however this one ends.
  stateDir: join(lab.dir, "state"),
});
