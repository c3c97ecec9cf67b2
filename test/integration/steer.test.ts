/** A run while it goes on: commands from another terminal, the operator's own health check, and whoever is told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendCommand } from "../../src/cli/control-socket.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { eventsOf, novasweep, outcomesOf, type Ran } from "../support/novasweep.ts";
import { type Operator, operatorOf, sceneNode } from "../support/operator.ts";

const scenes = ["held", "ended", "early", "stops", "asks", "fine", "deaf", "forever"];

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    nodes: scenes.length * 2,
    specs: scenes.flatMap((scene) => [sceneNode(scene, 1), sceneNode(scene, 2)]),
  });
});
afterAll(() => lab.stop());

const rollout = ({ dir }: Operator, more: readonly string[] = [], onStdout?: (text: string) => void): Promise<Ran> =>
  novasweep(["rollout", "all", "--yes", "--waves", "1", "--soak", "1s", "--output", "ndjson", ...more], {
    cwd: dir,
    ...(onStdout === undefined ? {} : { onStdout }),
  });

const runOf = (text: string): string => /"run":"([^"]+)"/.exec(text)?.[1] ?? "";

/** Does each of these once, as soon as the run has said what it waits for. */
const when = (acts: readonly (readonly [RegExp, (run: string) => void])[]): ((text: string) => void) => {
  const left = [...acts];
  return (text) => {
    while (left[0]?.[0].test(text) === true) left.shift()?.[1](runOf(text));
  };
};

/** What matters of a run's events, in order; a host's phase may come again when its line does. */
const storyOf = (events: readonly RunEvent[]): readonly string[] => [...new Set(wordsOf(events))];

const wordsOf = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => {
    switch (event.type) {
      case "operator.acted":
        return [`${event.action} by ${event.by}`];
      case "wave.opened":
        return [`wave ${event.wave}`];
      case "host.phase":
        return event.phase === "applying" ? [`${event.host} starts`] : [];
      case "host.settled":
        return [`${event.host} ${event.outcome}`];
      default:
        return [];
    }
  });

describe.concurrent("a run while it goes on", { timeout: 240_000 }, () => {
  it("is held and let go from another terminal: no host starts between", async () => {
    const operator = operatorOf(lab, "held");
    const told: Promise<Ran>[] = [];
    const tell = (what: string) => (run: string) => {
      told.push(novasweep(["runs", what, run], { cwd: operator.dir }));
    };
    const ran = await rollout(
      operator,
      [],
      when([
        [/"phase":"applying"/, tell("hold")],
        [/"type":"wave.opened","wave":2/, tell("go")],
      ]),
    );
    expect((await Promise.all(told)).map(({ status, stderr }) => [status, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(storyOf(eventsOf(ran))).toEqual([
      "wave 1",
      "held1 starts",
      "held by runs",
      "held1 changed",
      "wave 2",
      "went-on by runs",
      "held2 starts",
      "held2 changed",
    ]);
    expect(ran.status).toBe(0);
  });

  it("leaves out nothing when it is told to skip before a wave is open", async () => {
    const operator = operatorOf(lab, "early");
    const told: Promise<true | string>[] = [];
    const skip = (run: string) => told.push(sendCommand(operator.stateDir, run, "skip"));
    const ran = await rollout(operator, [], when([[/"phase":"probing"/, skip]]));
    expect(await Promise.all(told)).toEqual([true]);
    expect([ran.status, outcomesOf(eventsOf(ran))]).toEqual([0, { early1: "changed", early2: "changed" }]);
  });

  it("is ended from another terminal as by Ctrl-C: the host at work finishes, the rest is skipped, exit 5", async () => {
    const operator = operatorOf(lab, "ended");
    const told: Promise<Ran>[] = [];
    const ran = await rollout(
      operator,
      [],
      when([[/"phase":"applying"/, (run) => told.push(novasweep(["runs", "abort", run], { cwd: operator.dir }))]]),
    );
    expect((await Promise.all(told)).map(({ status }) => status)).toEqual([0]);
    expect(ran.status).toBe(5);
    expect(outcomesOf(eventsOf(ran))).toEqual({ ended1: "changed", ended2: "skipped" });
    const late = await novasweep(["runs", "hold", runOf(ran.stdout)], { cwd: operator.dir });
    expect([late.status, late.stderr]).toEqual([2, expect.stringMatching(/cannot be told/)]);
  });

  it.each([
    ["stops", "echo load is 40; exit 1", "the probe says stop after wave 1: load is 40"],
    // Nobody is there to be asked.
    [
      "asks",
      'test "$NOVASWEEP_HOSTS" = asks1 && echo "wave $NOVASWEEP_WAVE" && exit 2',
      "the probe says ask after wave 1: wave 1",
    ],
  ])("ends after the wave where the health check %s: exit 5", async (scene, probe, reason) => {
    const ran = await rollout(operatorOf(lab, scene), ["--probe", probe]);
    expect(ran.status).toBe(5);
    const events = eventsOf(ran);
    expect(outcomesOf(events)).toEqual({ [`${scene}1`]: "changed", [`${scene}2`]: "skipped" });
    expect(events.find(({ type }) => type === "gate.decided")).toMatchObject({ open: false, reason });
    expect(events.at(-1)).toMatchObject({ type: "run.settled", reason });
  });

  it("goes on where the health check is content, and tells a listener of the end", async () => {
    const operator = operatorOf(lab, "fine");
    const file = join(operator.dir, "told");
    const probe = 'echo "$NOVASWEEP_WAVE $NOVASWEEP_HOSTS" >>"$HOME/probed"';
    const ran = await rollout(operator, ["--probe", probe, "--on-event", `cat >'${file}'`]);
    expect(ran.status).toBe(0);
    expect(readFileSync(join(operator.dir, "probed"), "utf8")).toBe("1 fine1\n2 fine2\n");
    const told = eventsOf({ status: 0, stderr: "", stdout: readFileSync(file, "utf8") });
    expect(told).toEqual([eventsOf(ran).at(-1)]);
  });

  it.each([
    ["deaf", "exec <&-; exit 3"],
    ["forever", "sleep 1000"],
  ])("a listener that is %s changes nothing", async (scene, command) => {
    const ran = await rollout(operatorOf(lab, scene), ["--on-event", command]);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(outcomesOf(eventsOf(ran))).toEqual({ [`${scene}1`]: "changed", [`${scene}2`]: "changed" });
  });
});
