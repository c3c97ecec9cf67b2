/**
 * So many logins at once by Diffie-Hellman group exchange, and what they cost this process: one line of JSON.
 *
 *   node scripts/bench/gex-logins.ts ADDRESS PORT KEY KNOWN_HOSTS LOGINS
 *
 * To be started in a session of its own. It goes before all others at the CPU: the server's processes are on the same
 * machine, and the time they take from it would count as the event loop standing still.
 */
import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { collect, never, sshHost, sshTransport } from "../../test/support/ssh-host.ts";

export interface GexCost {
  readonly loggedIn: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Longest time in which the event loop did not turn. */
  readonly stallMs: number;
}

/** The loop's delay is looked at this often, ms; it is counted into every delay. */
const RESOLUTION = 5;
const NANOSECONDS = 1e6;

const FIRST = -20;
setPriority(FIRST);
try {
  // Where the kernel shares the CPU by sessions first (sched(7), "The autogroup feature").
  writeFileSync("/proc/self/autogroup", String(FIRST));
} catch {
  // it does not
}

const [address = "", port = "", key = "", knownHosts = "", logins = "1"] = process.argv.slice(2);
const transport = sshTransport({
  identityFiles: [key],
  knownHostsFiles: [knownHosts],
  connectParallel: Number(logins),
});
const host = sshHost(address, Number(port));
const login = async (): Promise<boolean> => {
  const { last } = await collect(transport.run(host, "exit 0\n", never));
  if (last.kind === "lost") console.error(last.failure.message);
  return last.kind === "exit" && last.status === 0;
};

const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
const [cpu, started] = [process.cpuUsage(), performance.now()];
delay.enable();
const ended = await Promise.all(Array.from({ length: Number(logins) }, login));
delay.disable();
const { user, system } = process.cpuUsage(cpu);
const cost: GexCost = {
  loggedIn: ended.filter(Boolean).length,
  cpuMs: (user + system) / 1000,
  wallMs: performance.now() - started,
  stallMs: delay.max / NANOSECONDS - RESOLUTION,
};
await transport.close();
console.log(JSON.stringify(cost));
