/** Lines that break on the way, on nodes with a real sshd: the host ends as what is then to be seen, never by guess. */
import { describe, expect, test } from "vitest";
import {
  connectionsOf,
  held,
  holdAt,
  holdReceivedScript,
  holdSecondConnection,
  letGo,
  moments,
  putHeldSession,
} from "../support/real-faults/hold.ts";
import { openLine } from "../support/real-faults/line.ts";
import { signalAll, signalSessions } from "../support/real-faults/processes.ts";
import { between } from "../support/real-faults/session.ts";
import { type Expected, expectEnd, movingNode, restarts, trials } from "../support/real-faults/trial.ts";
import { until } from "../support/real-faults/until.ts";
import { CONF, edited, expectWhole, LOCK, startsOf } from "../support/real-faults/whole.ts";

const fleet = trials([
  ...["dataset", "renamed", "restartAsked", "soak", "silent"].map((name) => movingNode(name)),
  movingNode("frozen"),
  movingNode("orphaned"),
  movingNode("two"),
  movingNode("race"),
  movingNode("slow", between),
  movingNode("unread", between),
  movingNode("late", between),
]);

const proved: Expected = { outcome: "changed", says: "the line broke (E_LOST); proved by a new look", exit: 0 };

const notBegun: Expected = { outcome: "unknown", code: "E_LOST", says: "its script was not seen to begin", exit: 5 };
const silent: Expected = { outcome: "changed", says: "the line broke (E_TIMEOUT); proved by a new look", exit: 0 };

describe.concurrent("the sshd session is killed", () => {
  test.each(["dataset", "renamed", "restartAsked"] as const)("at the moment %s", async (name) => {
    const node = fleet.node(name);
    holdAt(node, moments[name]);
    const rollout = fleet.rollout(node);
    await held(node, rollout);
    signalSessions(node, "SIGKILL");
    letGo(node);
    expectEnd(await rollout, proved);
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });

  test("while nova-compute is held to its word", async () => {
    const node = fleet.node("soak");
    const rollout = fleet.rollout(node, { soak: "10s" });
    await until("nova-compute was restarted", () => startsOf(node).length > 0);
    signalSessions(node, "SIGKILL");
    expectEnd(await rollout, proved);
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });

  test.each([
    ["before the shell has read the script: nothing runs, and nobody says otherwise", "unread", holdSecondConnection],
    [
      "before the shell has begun with the script it has: it does not begin when nobody listens",
      "late",
      holdReceivedScript,
    ],
  ])("%s", async (_, name, hold) => {
    const node = fleet.node(name);
    putHeldSession(node, hold);
    const rollout = fleet.rollout(node);
    await held(node, rollout);
    signalSessions(node, "SIGKILL");
    letGo(node);
    expectEnd(await rollout, notBegun);
    await expectWhole(node, fleet.before(), "old");
    expect(restarts(node)).toBe(0);
    await fleet.mends(node, "changed");
  });
});

describe.concurrent("the script itself is killed", () => {
  test("after the rename: unknown, its lock is stale, and whoever takes that over pays the restart", async () => {
    const node = fleet.node("orphaned");
    holdAt(node, moments.renamed);
    const rollout = fleet.rollout(node);
    await held(node, rollout);
    const { pid } = JSON.parse(node.read(`${LOCK}/record`));
    node.sh(`kill -9 ${pid}`);
    letGo(node);
    expectEnd(await rollout, {
      outcome: "unknown",
      code: "E_GARBAGE",
      says: "its script was killed and left its lock: nothing was proved, nothing restored",
      exit: 5,
    });
    expect(node.read(CONF)).toBe(edited(fleet.before()));
    expect(restarts(node)).toBe(0);
    expectEnd(await fleet.rollout(node), { outcome: "refused", code: "E_LOCKED", says: "stale", exit: 6 });
    expectEnd(await fleet.rollout(node, { more: ["--break-stale-lock"] }), { outcome: "changed", says: "", exit: 0 });
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });
});

describe.concurrent("the line says nothing more", () => {
  test("because its packets vanish", async () => {
    const node = fleet.node("frozen");
    const line = await openLine(node);
    holdAt(node, moments.renamed);
    const rollout = fleet.rollout(node, { by: line });
    await held(node, rollout);
    line.freeze();
    letGo(node);
    try {
      expectEnd(await rollout, silent);
    } finally {
      line.close();
    }
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });

  test("because the sshd session stands still", async () => {
    const node = fleet.node("silent");
    holdAt(node, moments.restartAsked);
    const rollout = fleet.rollout(node);
    await held(node, rollout);
    const stopped = signalSessions(node, "SIGSTOP");
    letGo(node);
    try {
      expectEnd(await rollout, silent);
    } finally {
      signalAll(stopped, "SIGKILL");
    }
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });

  test("before the shell has begun: it may begin yet, and is waited for", async () => {
    const node = fleet.node("slow");
    putHeldSession(node, holdReceivedScript);
    const rollout = fleet.rollout(node);
    await held(node, rollout);
    const stopped = signalSessions(node, "SIGSTOP");
    // The controller looks again and sees nothing.
    await until("the controller came again", () => connectionsOf(node) >= 4);
    letGo(node);
    try {
      expectEnd(await rollout, silent);
    } finally {
      signalAll(stopped, "SIGKILL");
    }
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });
});

describe.concurrent("two controllers", () => {
  test("of which one is at work: the other is told who, and does nothing", async () => {
    const node = fleet.node("two");
    holdAt(node, moments.dataset);
    const first = fleet.rollout(node);
    await held(node, first);
    expectEnd(await fleet.rollout(node), { outcome: "refused", code: "E_LOCKED", says: "locked by run", exit: 6 });
    letGo(node);
    expectEnd(await first, { outcome: "changed", says: "", exit: 0 });
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });

  test("that begin at once: one restart", async () => {
    const node = fleet.node("race");
    const both = await Promise.all([fleet.rollout(node), fleet.rollout(node)]);
    const ends = both.map(({ settled }) => settled.outcome);
    expect(
      [
        ["changed", "refused"],
        ["changed", "in-sync"],
      ],
      both.map(({ said }) => said).join("\n"),
    ).toContainEqual(ends.sort((a, b) => Number(a !== "changed") - Number(b !== "changed")));
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    await fleet.staysInSync(node);
  });
});
