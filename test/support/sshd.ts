/** A real OpenSSH server on 127.0.0.0/8 for one test file: own host keys, own folder, stopped by the pids it started. Needs root and openssh-server. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Sshd {
  readonly address: string;
  readonly port: number;
  /** A private folder, removed by `stop`. */
  readonly dir: string;
  readonly pid: number;
  /** Public host keys as known_hosts has them: `ssh-ed25519 AAAA...`, in the order of `hostKeys`. */
  readonly hostKeys: readonly string[];
  /** What sshd has logged so far. */
  log(): string;
  /** Pids of the processes that serve a connection now. */
  sessions(): readonly number[];
  /** Kills every process that serves a connection; the server goes on. */
  killSessions(): void;
  stop(): Promise<void>;
}

export interface SshdOptions {
  readonly address?: string;
  /** Key types as ssh-keygen -t has them. */
  readonly hostKeys?: readonly string[];
  /** Public keys that may log in as root. */
  readonly authorized?: readonly string[];
  /** Further lines of sshd_config; the first value of a keyword counts, and these come first. */
  readonly config?: readonly string[];
}

const START_MS = 30_000;

/** Makes a key pair and gives the private key's file; the public one is beside it as `.pub`. */
export const makeKey = (file: string, type = "ed25519", passphrase = ""): string => {
  execFileSync("ssh-keygen", [
    "-q",
    "-t",
    type,
    ...(type === "rsa" ? ["-b", "2048"] : []),
    ...(passphrase === "" ? [] : ["-a", "1"]), // one round: what it takes to open a key is not what is tested
    "-N",
    passphrase,
    "-C",
    `test ${type}`,
    "-f",
    file,
  ]);
  return file;
};

export const publicKey = (file: string): string => readFileSync(`${file}.pub`, "utf8").trim();

/** Starts sshd and waits until it listens. */
export const startSshd = async (options: SshdOptions = {}): Promise<Sshd> => {
  const address = options.address ?? "127.0.0.1";
  const dir = mkdtempSync(join(tmpdir(), "novasweep-sshd-"));
  const port = await freePort(address);
  const keyFiles = (options.hostKeys ?? ["ed25519"]).map((type) => makeKey(join(dir, `host-${type}`), type));
  writeFileSync(join(dir, "authorized"), `${(options.authorized ?? []).join("\n")}\n`, { mode: 0o600 });
  const conf = [
    ...(options.config ?? []),
    `ListenAddress ${address}`,
    `Port ${port}`,
    ...keyFiles.map((file) => `HostKey ${file}`),
    `AuthorizedKeysFile ${join(dir, "authorized")}`,
    "PidFile none",
    "PermitRootLogin prohibit-password",
    "StrictModes no",
    "UsePAM no",
    "UseDNS no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    // Of this one the last value counts.
    ...(options.config?.some((line) => line.startsWith("MaxStartups ")) ? [] : ["MaxStartups 500"]),
    `SetEnv HOME=${dir}`, // bash reads the login user's ~/.bashrc when sshd starts it; a test must neither wait for that nor cut it short
    "LogLevel VERBOSE",
    "",
  ].join("\n");
  writeFileSync(join(dir, "sshd_config"), conf);
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 }); // sshd's privilege separation wants it; lost at each boot
  // It ends with this process, however that ends.
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "/usr/sbin/sshd", "-D", "-e", "-f", join(dir, "sshd_config")],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let log = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`sshd does not listen:\n${log}`)), START_MS);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (!log.includes("Server listening on")) return;
      clearTimeout(timer);
      resolve();
    });
    child.once("exit", (status) => {
      clearTimeout(timer);
      reject(new Error(`sshd ended with ${status}:\n${log}`));
    });
  });
  const pid = child.pid as number;
  return {
    address,
    port,
    dir,
    pid,
    hostKeys: keyFiles.map((file) => publicKey(file).split(" ").slice(0, 2).join(" ")),
    log: () => log,
    sessions: () => childrenOf(pid),
    killSessions: () => kill(childrenOf(pid).flatMap(familyOf)),
    stop: async () => {
      const family = familyOf(pid);
      const ended = child.exitCode === null ? new Promise((resolve) => child.once("exit", resolve)) : undefined;
      kill(family);
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

/** A port nobody listens on there; somebody may take it before we do, then sshd says so. */
export const freePort = (address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, address, () => {
      const bound = server.address();
      server.close(() =>
        bound !== null && typeof bound === "object" ? resolve(bound.port) : reject(new Error("no port")),
      );
    });
  });

/** The processes a process started, from /proc: sshd gives each session a process group of its own. */
const childrenOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return []; // it has ended
  }
};

const familyOf = (pid: number): readonly number[] => [pid, ...childrenOf(pid).flatMap(familyOf)];

const kill = (pids: readonly number[]): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it ended by itself
    }
  }
};
