import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kill } from "node:process";
import { afterAll, describe, expect, it } from "vitest";
import { defaultLimits, readExecutable } from "../../src/inventory/executable.ts";
import { readFile } from "../../src/inventory/files.ts";
import { readInventories } from "../../src/inventory/sources.ts";
import { emptyReading } from "../../src/inventory/statement.ts";

const folder = mkdtempSync(join(tmpdir(), "novasweep-executable-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const script = (body: string): string => {
  const path = join(folder, `inventory-${++count}.sh`);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};

const complaintsOf = async (body: string, limits = {}, interrupt = new AbortController().signal) => {
  const reading = emptyReading();
  const path = script(body);
  await readExecutable(path, reading, interrupt, { ...defaultLimits, ...limits });
  return reading.complaints.map(({ code, what, where, try: advice }) => {
    expect([code, where?.startsWith(path), (advice ?? "").length > 0]).toEqual(["E_INVENTORY", true, true]);
    return what;
  });
};

const isAlive = (pid: number): boolean => {
  try {
    // A zombie answers too: who is dead and not yet reaped is not alive.
    kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

describe("an executable inventory", () => {
  it("says where each value comes from", async () => {
    const path = script(
      `echo '{"_meta": {"hostvars": {"cn01.x": {"ansible_host": "10.0.0.1"}}}, "web": {"hosts": ["cn01.x"], "vars": {"s": 1}}}'`,
    );
    const inventory = await readInventories([path], readFile);
    if (!inventory.ok) throw new Error(JSON.stringify(inventory.error));
    expect(inventory.value.hosts.get("cn01.x")?.variables.get("ansible_host")?.where).toBe(
      `${path}: _meta.hostvars["cn01.x"].ansible_host`,
    );
    expect(inventory.value.groups.get("web")?.variables.get("s")?.where).toBe(`${path}: web.vars.s`);
  });

  it("is asked for each host when it has no _meta", async () => {
    const path = script(
      `case $1 in --list) echo '{"g": ["a", "b"]}';; *) [ $2 = b ] || echo '{"novasweep_x": [1]}';; esac`,
    );
    const inventory = await readInventories([path], readFile);
    expect(inventory).toMatchObject({
      ok: false,
      error: [{ what: "novasweep_x is a list, not a text", where: `${path} --host a: novasweep_x` }],
    });
  });

  it("that writes to stderr is heard, and nothing it writes moves the cursor", async () => {
    const path = script(`printf 'slow\\033[2Jcloud\\n' >&2; echo '{"g": ["a"], "_meta": {"hostvars": {}}}'`);
    const inventory = await readInventories([path], readFile);
    expect(inventory.ok && inventory.value.warnings).toEqual([`${path} --list wrote: slow␛[2Jcloud`]);
  });

  it("is never run when it begins like a text", async () => {
    const path = join(folder, "hosts");
    writeFileSync(path, `touch ${folder}/ran\n`);
    chmodSync(path, 0o755);
    expect(await readInventories([path], readFile)).toMatchObject({ ok: false });
    expect(readFile(join(folder, "ran")).kind).toBe("missing");
  });
});

describe("an executable inventory is refused with what it did", () => {
  it.each<[string, string, string, object]>([
    [
      "fails",
      "echo line1 >&2; echo 'no token' >&2; exit 3",
      "--list ended with exit status 3; it wrote: line1 | no token",
      {},
    ],
    ["dies", "kill -9 $$", "--list was ended by SIGKILL", {}],
    ["prints nothing", "", "--list printed nothing", {}],
    ["prints no JSON", "echo '[web]'", "--list printed what is not JSON", {}],
    ["prints a list", "echo '[]'", "--list printed no JSON object", {}],
    ["prints for ever", "yes", "--list printed more than 1 MiB", { maxBytes: 1024 ** 2 }],
    ["takes for ever", "sleep 60", "--list took too long (limit: 0.3 s for one file)", { timeoutMs: 300 }],
    ["fails for a host", `[ $1 = --list ] && echo '{"g": ["a", "b"]}'`, "--host a ended with exit status 1", {}],
    [
      "has too many hosts to ask for",
      `echo '{"g": ["a", "b"]}'`,
      "--host would have to be run for each of its 2 hosts; 1 are the most",
      { maxHostRuns: 1 },
    ],
    ["has hostvars that are no map", `echo '{"_meta": {"hostvars": []}}'`, "hostvars is a list here, not a map", {}],
  ])("%s", async (_, body, what, limits) => {
    expect(await complaintsOf(body, limits)).toEqual([expect.stringContaining(what)]);
  });

  it("whose interpreter is missing", async () => {
    const path = join(folder, "lost");
    writeFileSync(path, "#!/no/such/interpreter\n");
    chmodSync(path, 0o755);
    expect(await readInventories([path], readFile)).toMatchObject({
      ok: false,
      error: [{ what: expect.stringContaining("could not be started (ENOENT)"), where: path }],
    });
  });
});

describe("what an executable inventory started ends with it", () => {
  it("when it is interrupted", async () => {
    const interrupt = new AbortController();
    const note = join(folder, "pid");
    const refused = complaintsOf(`sleep 60 & echo $! >${note}.new; mv ${note}.new ${note}; wait`, {}, interrupt.signal);
    await expect.poll(() => readFile(note).kind, { timeout: 5_000 }).toBe("bytes");
    interrupt.abort();
    expect(await refused).toEqual([expect.stringContaining("was interrupted")]);
    const pid = Number(readFileSync(note, "utf8"));
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });

  it("when it went away and left its output open", async () => {
    const reading = emptyReading();
    const path = script(`sleep 60 & echo '{"g": ["a"], "_meta": {"hostvars": {}}}'`);
    await readExecutable(path, reading, new AbortController().signal);
    expect(reading.complaints).toEqual([]);
    expect(reading.statements).toHaveLength(2);
  });
});
