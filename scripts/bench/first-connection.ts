/** For `node --import`: at the process's first connection one line of JSON on standard output, and the end. */
import { writeSync } from "node:fs";
import { Socket } from "node:net";

export interface ConnectionCost {
  /** Since the process was started. */
  readonly ms: number;
  readonly cpuMs: number;
  /** The most memory it had until then, resident. */
  readonly mib: number;
}

Socket.prototype.connect = function connect(): Socket {
  const ms = performance.now();
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cost: ConnectionCost = { ms, cpuMs: (userCPUTime + systemCPUTime) / 1000, mib: maxRSS / 1024 };
  writeSync(1, `${JSON.stringify(cost)}\n`);
  process.kill(process.pid, "SIGKILL");
  return this;
};
