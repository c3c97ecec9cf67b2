/** The cleaner killed at every step: never more is gone than a run may take, and the next run does what was left. */
import { mkdirSync, readdirSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HEADROOM, IMAGE, Node, SHELLS, type Shell, uuid } from "../support/cleaner-node.ts";
import { isLong } from "../support/long.ts";

const LOCK = "var/lib/nova/.nova-cache-cleanup.lock";
/** More than a run has; a run is that long only when something is wrong. */
const STEPS_MAX = 80;
const marker = (n: number): string => `${uuid(n)}.downloading`;

/** Everything a run deals with: a lock left behind, leftovers of both schemes, an open image, a download under way. */
const arrange = (node: Node): void => {
  symlinkSync("99999999", join(node.root, LOCK));
  node.images(6);
  node.write("open", `${uuid(1)}\n`);
  node.put(uuid(7), { age: 2000 });
  node.put(marker(7), { age: 1, bytes: 0 });
  node.put(uuid(8), { age: 40 });
  node.put(marker(8), { age: 41, bytes: 0 });
  node.put(marker(9), { age: 50 });
  node.put(uuid(10), { age: 2 });
  node.put("notes.txt", { age: 3000 });
  mkdirSync(join(node.cache, uuid(11)));
  utimesSync(join(node.cache, uuid(11)), 1, 1);
  // Two images' worth are leftovers, two more have to go.
  node.zfs({}, HEADROOM - 4 * IMAGE);
};
const GONE = [uuid(2), uuid(3), uuid(8), marker(8), marker(9)].sort();

const CHANGING: readonly string[] = ["ln", "rm"];
const READING: readonly string[] = ["date", "find", "fuser", "ls", "nawk", "ps", "zfs", "zoneadm"];

const locks = (node: Node): readonly string[] => readdirSync(join(node.root, "var/lib/nova"));
const goneFrom = (before: readonly string[], node: Node): readonly string[] =>
  before.filter((name) => !node.files.includes(name));

/** A node of its own. */
const onNode = async (shell: Shell, act: (node: Node) => Promise<void>, prepare = arrange): Promise<void> => {
  const node = new Node(shell);
  try {
    prepare(node);
    await act(node);
  } finally {
    node.remove();
  }
};

interface Kill {
  readonly step: number;
  readonly whom: "group" | "shell";
  /** Whether another run follows. */
  readonly goesOn: boolean;
}

/** One run that is killed, and the next, which is not. */
const killAndGoOn = (shell: Shell, { step, whom, goesOn }: Kill): Promise<void> =>
  onNode(shell, async (node) => {
    const before = node.files;
    node.killAt(step, whom);
    const killed = await node.clean(0);
    const at = `killed at step ${step}, ${node.calls.at(-1)}\n${killed.out}${killed.err}`;
    expect(killed.status, at).toBeNull();
    const gone = goneFrom(before, node);
    expect(GONE, at).toEqual(expect.arrayContaining([...gone]));
    if (gone.includes(marker(8))) expect(gone, at).toContain(uuid(8));
    if (!goesOn) return;
    node.spare();
    const next = await node.clean(0);
    expect([next.status, next.err], at).toEqual([0, ""]);
    expect(next.summary, at).toMatch(/: (target reached|enough is free)$/);
    expect(goneFrom(before, node), at).toEqual(GONE);
    expect(locks(node), at).toEqual([]);
  });

describe.concurrent("the cleaner killed at every step", () => {
  for (const shell of SHELLS.filter(({ name }) => isLong || name === "ksh93"))
    for (const [whom, what] of [
      ["group", "with the tool it waits for"],
      ["shell", "alone, its tool goes on"],
    ] as const)
      if (isLong || whom === "group")
        it(`${shell.name}, ${what}: nothing but what may go is gone, and the next run goes on to the same end`, async () => {
          let steps: readonly string[] = [];
          await onNode(shell, async (node) => {
            const before = node.files;
            node.killAt(0, whom);
            expect((await node.clean(0)).summary).toMatch(/: target reached$/);
            expect(goneFrom(before, node)).toEqual(GONE);
            steps = node.steps;
          });
          expect(steps.length).toBeLessThan(STEPS_MAX);
          expect(new Set(steps)).toEqual(new Set([...READING, ...CHANGING]));
          const changes = (tool = ""): boolean => CHANGING.includes(tool);
          const kills = steps.flatMap((tool, at): readonly Kill[] => {
            // What follows is the same for all steps between two changes: npm test goes on from the ends of each stretch.
            const goesOn = isLong || changes(tool) || changes(steps[at - 1]);
            // Left alone, a tool that only reads leaves the node as if it had been killed too.
            return whom === "group" || isLong || changes(tool) ? [{ step: at + 1, whom, goesOn }] : [];
          });
          await Promise.all(kills.map((kill) => killAndGoOn(shell, kill)));
        });

  it("once the headroom is free, the next run leaves it at that: room for the target is a full run's to make", async () => {
    const short = (node: Node): void => {
      node.images(6);
      node.zfs({}, HEADROOM - IMAGE);
    };
    let afterFirst = 0;
    await onNode(
      SHELLS[0],
      async (node) => {
        node.killAt(0, "group");
        expect((await node.clean(2)).summary).toContain(" evicted 3 images");
        // Before rm, then after each file.
        afterFirst = node.steps.indexOf("rm") + 2;
      },
      short,
    );
    await onNode(
      SHELLS[0],
      async (node) => {
        node.killAt(afterFirst, "group");
        expect((await node.clean(2)).status).toBeNull();
        expect(node.files).toEqual([2, 3, 4, 5, 6].map(uuid));
        node.spare();
        expect((await node.clean(2)).summary).toMatch(/ evicted 0 images, .*: enough is free$/);
        expect(node.files).toHaveLength(5);
      },
      short,
    );
  });
});
