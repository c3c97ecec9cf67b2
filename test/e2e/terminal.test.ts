/** `novasweep rollout` in a terminal: what a person sees, types and gets back. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { scratch } from "../support/novasweep.ts";
import { journalsOf, operatorOf, sceneNode, snapshotOf } from "../support/operator.ts";
import { type StuckServer, startStuckServer } from "../support/stuck-server.ts";
import { expectGivenBack, type Shot, Terminal } from "../support/terminal.ts";

const dir = scratch("terminal");
const terminals: Terminal[] = [];
let lab: Lab;
/** accepts4: it says nothing for as long as the test wants. */
let silent: StuckServer;

beforeAll(async () => {
  silent = await startStuckServer("127.0.0.1", "banner");
  const specs = [
    ...[1, 2].map((at) => sceneNode("declines", at)),
    sceneNode("accepts", 1),
    sceneNode("accepts", 2, "restart-fails"),
    sceneNode("accepts", 3),
    sceneNode("resizes", 1),
    sceneNode("tiny", 1),
    sceneNode("stalls", 1),
    sceneNode("stalls", 2, "silent-banner"),
  ];
  lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
});
afterAll(async () => {
  silent?.stop();
  for (const terminal of terminals) terminal.close();
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const sit = async (scene: string, { columns = 80, rows = 24, hosts = "" } = {}) => {
  const operator = operatorOf(lab, scene, hosts);
  const terminal = await Terminal.open({ ...operator, columns, rows });
  terminals.push(terminal);
  return { operator, terminal };
};

/** One whole frame and nothing else: title on top, a bar exactly as wide as the terminal, the keys in the last row but one. */
const isWholeFrame =
  (terminal: Terminal) =>
  ({ lines }: Shot): boolean => {
    const [title = "", bar = ""] = lines;
    const titles = lines.filter((line) => /^(novasweep )?rollout {2}\d{8}-\d{6}/.test(line));
    const keys = lines.filter((line) => line.includes("^C"));
    return (
      lines.length === terminal.rows &&
      titles.length === 1 &&
      titles[0] === title &&
      keys.length === 1 &&
      keys[0] === lines[terminal.rows - 2] &&
      lines[terminal.rows - 1] === "" &&
      / of \d+ (surveyed|settled) {2,}\d+%$/.test(bar) &&
      [...bar].length === terminal.columns
    );
  };

describe.concurrent("a rollout in a terminal", () => {
  it("that is declined by a wrong number changes nothing and ends with 5", async () => {
    const { operator, terminal } = await sit("declines");
    const untouched = snapshotOf(operator.nodes);
    await terminal.start("novasweep rollout all --soak 1s");
    await terminal.waitFor(/Type 2 to change 2 hosts; anything else stops:/);
    expect(await terminal.history()).toMatch(/^change on 2 hosts: declines\[1-2\]$/m);
    await terminal.type("3");
    expect(await terminal.ended()).toBe(5);
    const after = await terminal.history();
    expect(after).toContain("the plan was declined: nothing was changed");
    expect(after).toMatch(/^skipped 2 hosts: declines\[1-2\]$/m);
    await expectGivenBack(terminal);
    expect(snapshotOf(operator.nodes)).toBe(untouched);
    const events = journalsOf(operator).at(-1) ?? [];
    expect(events.filter(({ type }) => type === "plan.accepted")).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "run.settled", exit: 5 });
  });

  it("shows survey, plan, waves, running hosts and failures, and leaves the summary behind", async () => {
    const hosts = `accepts4 ansible_host=127.0.0.1 ansible_port=${silent.port}\n`;
    const { terminal } = await sit("accepts", { hosts });
    await terminal.start("novasweep rollout all --soak 1s --waves 1 --connect-timeout 200s --max-missing 25%");
    const survey = await terminal.waitFor(/3 of 4 surveyed[\s\S]*surveying: nothing is changed/);
    expect(survey.lines[0]).toMatch(/^novasweep rollout {2}\d{8}-\d{6}-\w+ .* \d+ s$/);
    expect(survey.text).toMatch(/connecting +\d+ s$/m);
    expect(await terminal.modes()).toMatchObject({ alternate: true, cursor: false });
    silent.stop();

    await terminal.waitFor(/Type 3 to change 3 hosts/);
    expect(await terminal.modes()).toMatchObject({ alternate: false, cursor: true });
    const plan = await terminal.history();
    for (const said of [
      /^change on 3 hosts: accepts\[1-3\]$/m,
      /^ {2}create dataset rpool\/export\/nova, mounted at \/export\/nova, quota 15\.0 GiB$/m,
      /^ {4}\+ glancecache_dirname=\/export\/nova\/images$/m,
      /^ {2}unreachable +E_CONNECT +accepts4 /m,
      /^order: waves of 1, 1, 1; the first is the canary, accepts1$/m,
    ])
      expect(plan).toMatch(said);
    await terminal.type("3");

    await terminal.waitFor(/wave 1 of 3, 0 of 1 settled/);
    await terminal.waitFor(/▸ accepts1 +restarting nova-compute +\d+\/\d+ +[1-9]\d* s$/m);
    await terminal.waitFor(/✗ E_RESTART +accepts2 +restored/);
    const last = await terminal.waitFor(/wave 3 of 3/);
    expect(last.text).toMatch(/✗ E_RESTART +accepts2 +restored/);
    expect(last.text).toMatch(/↯ E_CONNECT +accepts4 /);
    expect(last.text).toMatch(/✓ changed 1 +accepts1/);

    expect(await terminal.ended()).toBe(1);
    const after = await terminal.history();
    expect(after).toMatch(/^failed +E_RESTART +accepts2 +restored; /m);
    expect(after).toMatch(/^unreachable +E_CONNECT +accepts4 /m);
    expect(after).toMatch(/^rollout \S+: failed 1, unreachable 1, changed 2 of 4 hosts in .*, exit 1$/m);
    await expectGivenBack(terminal);
  });

  it("says in which layer a host is stuck while it is, and records nothing of the layers of the others", async () => {
    const { operator, terminal } = await sit("stalls");
    await terminal.start("novasweep status all --connect-timeout 14s");
    await terminal.waitFor(/▸ stalls2 {2}connecting: banner +1\d s$/m);
    expect(await terminal.ended()).toBe(4);
    expect(await terminal.history()).toMatch(/stuck in banner for 14 s: no answer from 127\.0\.0\.1/);
    const layers = (journalsOf(operator).at(-1) ?? []).filter((event) => "layer" in event);
    expect(layers).toMatchObject([{ type: "host.phase", host: "stalls2", phase: "connecting", layer: "banner" }]);
  });

  it("follows the size of the terminal: each frame is whole, none is wider or taller", async () => {
    const { terminal } = await sit("resizes");
    // Held until it is interrupted below, however long the looks take.
    await terminal.start("novasweep rollout all --yes --soak 600s --waves 1");
    await terminal.waitFor((shot) => isWholeFrame(terminal)(shot) && /wave 1/.test(shot.text));
    for (const [columns, rows] of [
      [40, 10],
      [132, 43],
      [61, 17],
      [80, 24],
      [40, 10],
    ] as const) {
      await terminal.resize(columns, rows);
      await terminal.waitFor(isWholeFrame(terminal));
    }
    // Smaller than a frame: what fits is shown, nothing breaks.
    await terminal.resize(12, 3);
    // After a minute the clock takes the room of the word.
    await terminal.waitFor(({ lines }) => /^ro(llout|…)/.test(lines[0] ?? ""));
    await terminal.resize(80, 24);
    await terminal.waitFor(isWholeFrame(terminal));
    for (const said of [/stopping: no host starts/, /connections are cut/]) {
      await terminal.key("C-c");
      await terminal.waitFor(said);
    }
    await terminal.key("C-c");
    expect(await terminal.ended()).toBe(130);
    await expectGivenBack(terminal);
  });

  it("works from plan to end in 40 columns and 10 rows", async () => {
    const { terminal } = await sit("tiny", { columns: 40, rows: 10 });
    await terminal.start("novasweep rollout all --soak 2s");
    await terminal.waitFor(/Type 1 to change 1 host;/);
    await terminal.type("1");
    await terminal.waitFor((shot) => isWholeFrame(terminal)(shot) && /restarting nova-compute/.test(shot.text));
    expect(await terminal.ended()).toBe(0);
    expect(await terminal.history()).toMatch(/^rollout \S+: changed 1 of 1 host in .*, exit 0$/m);
    await expectGivenBack(terminal);
  });
});
