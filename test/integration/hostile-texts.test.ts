/** Two hundred hostile outputs, and as many names, through the built program: none reaches a terminal, a log or a journal raw. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dangersIn } from "../support/dangerous.ts";
import { hostileTexts } from "../support/hostile-texts.ts";
import { novasweep, type Ran, scratch } from "../support/novasweep.ts";
import { makeKey, publicKey, type Sshd, startSshd } from "../support/sshd.ts";

const dir = scratch("hostile");
const HOSTS = 10;
const EACH = hostileTexts.length / HOSTS;
let sshd: Sshd;

beforeAll(async () => {
  const key = makeKey(join(dir, "id"));
  sshd = await startSshd({
    address: "127.0.38.1",
    authorized: [publicKey(key)],
    // Before anybody is logged in, too.
    config: [`Banner ${join(dir, "banner")}`],
  });
  writeFileSync(
    join(dir, "banner"),
    hostileTexts
      .map(([, text]) => text)
      .join("\n")
      .slice(0, 30_000),
  );
  writeFileSync(join(dir, "known"), `[${sshd.address}]:${sshd.port} ${sshd.hostKeys[0]}\n`);
  const hosts = Array.from({ length: HOSTS }, (_, at) => `cn${String(at + 1).padStart(2, "0")}`);
  const how = `ansible_host=${sshd.address} ansible_port=${sshd.port} ansible_user=root`;
  writeFileSync(join(dir, "hosts"), hosts.map((host) => `${host} ${how}\n`).join(""));
});
afterAll(async () => {
  await sshd?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const options = (stateDir: string): readonly string[] => [
  ...["-i", join(dir, "hosts"), "--known-hosts", join(dir, "known"), "--identity", join(dir, "id")],
  ...["--ssh-config", "none", "--state-dir", stateDir],
];

const journalsIn = (stateDir: string): string =>
  readdirSync(join(stateDir, "runs"))
    .map((name) => readFileSync(join(stateDir, "runs", name), "utf8"))
    .join("");

/** Each host takes twenty of the texts that no other has taken, and writes them to both streams. */
const takeTwenty = (folder: string): string => {
  mkdirSync(join(dir, folder));
  for (let host = 0; host < HOSTS; host++) {
    const texts = hostileTexts.slice(host * EACH, (host + 1) * EACH).map(([, text]) => text);
    writeFileSync(join(dir, folder, `text${host}`), texts.join("\n"));
  }
  const place = join(dir, folder);
  return `i=0; while ! mkdir ${place}/taken$i 2>/dev/null; do i=$((i + 1)); done; cat ${place}/text$i; cat ${place}/text$i >&2; exit $((i % 3))`;
};

const written = (ran: Ran, stateDir: string): Readonly<Record<string, readonly string[]>> => ({
  stdout: dangersIn(ran.stdout),
  stderr: dangersIn(ran.stderr),
  journals: dangersIn(journalsIn(stateDir)),
});
const nothing = { stdout: [], stderr: [], journals: [] };

it("there are two hundred, and each would do something", () => {
  expect(hostileTexts).toHaveLength(200);
  expect(new Set(hostileTexts.map(([, text]) => text)).size).toBe(200);
});

it.each([
  ["as lines", ["--output", "lines", "--record", "--diff"]],
  ["as JSON", ["--output", "lines", "--format", "json"]],
  ["as events", ["--output", "ndjson", "--record"]],
  ["through the system's ssh", ["--output", "lines", "--record", "--transport", "openssh"]],
])("outputs %s", async (name, how) => {
  const folder = name.replaceAll(/\W/g, "");
  const stateDir = join(dir, `state-${folder}`);
  const ran = await novasweep(["exec", "all", ...options(stateDir), "--yes", ...how, "--", takeTwenty(folder)], {
    cwd: dir,
  });
  expect(ran.status).toBe(1);
  expect(written(ran, stateDir)).toEqual(nothing);
  expect(`${ran.stdout}${ran.stderr}`.length).toBeGreaterThan(10_000);
  const [run] = readdirSync(join(stateDir, "runs")).filter((file) => file.endsWith(".ndjson"));
  const shown = await novasweep(["runs", "show", run?.replace(".ndjson", "") ?? "", "--state-dir", stateDir]);
  expect(written(shown, stateDir)).toEqual(nothing);
});

it("names and values in an inventory", async () => {
  // JSON, which can say anything; in Ansible's own format a control character is refused with the whole file.
  const inventory = join(dir, "hostile.json");
  const all = (make: (text: string, at: number) => readonly [string, unknown]) =>
    Object.fromEntries(hostileTexts.map(([, text], at) => make(text, at)));
  for (const [place, content] of [
    ["names of hosts", { all: { hosts: all((text) => [text, {}]) } }],
    ["names of groups", { all: { children: all((text) => [text, { hosts: { cn01: {} } }]) } }],
    ["values", { all: { hosts: all((text, at) => [`cn${at}`, { novasweep_cache_quota: text }]) } }],
    ["names of settings", { all: { hosts: { cn01: all((text) => [`novasweep_${text}`, "1"]) } } }],
  ] as const) {
    writeFileSync(inventory, JSON.stringify(content));
    const ran = await novasweep(["inventory", "-i", inventory], { cwd: dir });
    expect([place, ran.status, dangersIn(ran.stdout), dangersIn(ran.stderr)]).toEqual([place, 2, [], []]);
    expect(ran.stderr.length).toBeGreaterThan(1_000);
  }
});

it("words of the command line", async () => {
  // NUL cannot stand in an argument.
  const texts = hostileTexts.map(([, text]) => text.replaceAll("\u0000", "").slice(0, 200));
  const words = texts.filter((_, at) => at % 8 === 3);
  const ran = await novasweep(["inventory", "-i", join(dir, "hosts"), "--", ...words], { cwd: dir });
  expect([ran.status, dangersIn(ran.stdout), dangersIn(ran.stderr)]).toEqual([2, [], []]);
  expect(ran.stderr.length).toBeGreaterThan(500);
});
