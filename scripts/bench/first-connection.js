// For `node --import`: at the process's first connection one line of JSON on standard output, and the end: milliseconds since
// the process was started, of CPU, and the most MiB it had until then. No TypeScript: taking types away would be measured too.
import { writeSync } from "node:fs";
import { Socket } from "node:net";

Socket.prototype.connect = function connect() {
  const ms = performance.now();
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cost = { ms, cpuMs: (userCPUTime + systemCPUTime) / 1000, mib: maxRSS / 1024 };
  writeSync(1, `${JSON.stringify(cost)}\n`);
  process.kill(process.pid, "SIGKILL");
  return this;
};
