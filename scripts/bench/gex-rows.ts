/** What a Diffie-Hellman group exchange costs the controller, the only key exchange of SunSSH worth having: with a real sshd that offers nothing else. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeKey, publicKey, type Sshd, startSshd } from "../../test/support/sshd.ts";
import { median } from "./costs.ts";
import { atMost, type Figure } from "./figures.ts";
import type { GexCost } from "./gex-logins.ts";
import type { Meter } from "./meter.ts";
import { bare } from "./tools.ts";

const AT_ONCE = 100;
/** Bare ssh2 needs seconds of CPU for each. */
const BARE_LOGINS = 3;

const script = fileURLToPath(new URL("gex-logins.ts", import.meta.url));

/** Not synchronously: sshd's log has to be read meanwhile. */
const logins = (args: readonly string[]): Promise<GexCost> =>
  new Promise((resolve, reject) => {
    execFile("setsid", ["--wait", process.execPath, script, ...args], (error, stdout, stderr) =>
      error === null && stdout !== "" ? resolve(JSON.parse(stdout)) : reject(error ?? new Error(stderr)),
    );
  });

const bareCpuMs = (meter: Meter, dir: string, { address, port }: Sshd, keyPath: string): number => {
  const inventoryPath = join(dir, "gex-inventory");
  const line = `ansible_host=${address} ansible_port=${port} ansible_user=root\n`;
  writeFileSync(inventoryPath, Array.from({ length: BARE_LOGINS }, (_, at) => `cn${at} ${line}`).join(""));
  writeFileSync(join(dir, "gex-script"), "exit 0\n");
  const fleet = { inventoryPath, keyPath, knownHostsPath: "-" };
  return meter.run(bare(fleet, join(dir, "gex-script")), BARE_LOGINS).cpuMs / BARE_LOGINS;
};

/** Needs root, as whoever starts an sshd does. */
export const gexFigures = async (meter: Meter, dir: string, rounds: number): Promise<readonly Figure[]> => {
  const keyPath = makeKey(join(dir, "gex-id"));
  const config = ["KexAlgorithms diffie-hellman-group-exchange-sha256"];
  const sshd = await startSshd({ address: "127.0.34.1", authorized: [publicKey(keyPath)], config });
  try {
    const knownHosts = join(dir, "gex-known-hosts");
    writeFileSync(knownHosts, `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`);
    const costs: GexCost[] = [];
    for (let round = 1; round <= rounds; round++) {
      const cost = await logins([sshd.address, String(sshd.port), keyPath, knownHosts, String(AT_ONCE)]);
      console.log(`group exchange, round ${round}: ${JSON.stringify(cost)}`);
      costs.push(cost);
    }
    const mean = median(costs.map(({ cpuMs, loggedIn }) => cpuMs / loggedIn));
    const stall = median(costs.map(({ stallMs }) => stallMs));
    const failed = costs.reduce((sum, { loggedIn }) => sum + AT_ONCE - loggedIn, 0);
    const bareMs = bareCpuMs(meter, dir, sshd, keyPath);
    return [
      {
        what: "login by group exchange, controller CPU, ms",
        ours: `${mean.toFixed(1)} ms`,
        beside: `${bareMs.toFixed(0)} ms (bare ssh2)`,
        value: mean,
        wanted: atMost(60),
      },
      {
        what: `${AT_ONCE} of them at once, longest stall of the event loop, ms`,
        ours: `${stall.toFixed(1)} ms`,
        beside: "-",
        value: stall,
        wanted: atMost(100),
      },
      {
        what: `${AT_ONCE} of them at once, failed in ${rounds} rounds`,
        ours: String(failed),
        beside: "-",
        value: failed,
        wanted: atMost(0),
      },
    ];
  } finally {
    await sshd.stop();
  }
};
