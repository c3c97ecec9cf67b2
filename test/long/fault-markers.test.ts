/** At every line that a script says of a change: the line breaks, each way a line can, or the node reboots. On real nodes. */
import { describe, expect, test } from "vitest";
import { held, letGo } from "../support/real-faults/hold.ts";
import { openLine, type Side } from "../support/real-faults/line.ts";
import { holdAtMarker, markers, markersOf } from "../support/real-faults/marker.ts";
import { reboot } from "../support/real-faults/reboot.ts";
import { between } from "../support/real-faults/session.ts";
import { expectEnd, movingNode, restarts, trials } from "../support/real-faults/trial.ts";
import { CONF, edited, expectWhole, temporary } from "../support/real-faults/whole.ts";

const points = markers.map((marker, at) => ({ marker, at, name: `m${at}` }));
const nodes = points.map(({ name }) => movingNode(name, between));

const breaks: readonly { readonly how: string; readonly sides?: readonly Side[] }[] = [
  { how: "reset", sides: ["controller", "node"] },
  { how: "half-open, only the node hears of its end", sides: ["node"] },
  { how: "half-open, only the controller hears of its end", sides: ["controller"] },
  { how: "silent" },
];

describe.each(breaks)("the line is $how", ({ sides }) => {
  const fleet = trials(nodes);

  test.concurrent.each(points)("at $marker", async ({ name, at, marker }) => {
    const node = fleet.node(name);
    holdAtMarker(node, at);
    const line = await openLine(node);
    try {
      const rollout = fleet.rollout(node, { by: line });
      await held(node, rollout);
      if (sides === undefined) line.freeze();
      else line.reset(sides);
      letGo(node);
      const ended = await rollout;
      expectEnd(ended, { outcome: "changed", says: "", exit: 0 });
      // What was said last is whole, and needs no second look.
      if (marker !== "end")
        expect(ended.settled.note).toMatch(/the line broke \(E_(LOST|TIMEOUT)\); proved by a new look/);
    } finally {
      line.close();
    }
    await expectWhole(node, fleet.before(), "new");
    expect(restarts(node)).toBe(1);
    expect(markersOf(node)).toEqual(markers.slice(0, markersOf(node).length));
    await fleet.mends(node, "in-sync");
    expect(restarts(node)).toBe(1);
  });
});

describe("the node reboots", () => {
  const fleet = trials(nodes);

  test.concurrent.each(points)("at $marker", async ({ name, at }) => {
    const node = fleet.node(name);
    holdAtMarker(node, at);
    const rollout = fleet.rollout(node);
    await held(node, rollout);
    reboot(node);
    const { settled, said } = await rollout;
    const isNew = node.read(CONF) === edited(fleet.before());
    if (!isNew) expect(node.read(CONF)).toBe(fleet.before());
    expect(settled.outcome, said).toBe(isNew ? "changed" : "failed");
    // Of a note that was being paid a temporary file stays where no more is to be done, until the next edit.
    const isLeft = isNew && temporary(node).length > 0;
    if (isLeft) node.sh("cp /etc/nova/nova.conf.novasweep-*[0-9a-f] /etc/nova/nova.conf");
    await fleet.mends(node, isNew && !isLeft ? "in-sync" : "changed");
  });
});
