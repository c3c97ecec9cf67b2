/** The cleaner and a clock that is wrong: what lies in the future is young, and a jump alone removes nothing in use. */
import { execFileSync } from "node:child_process";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { HEADROOM, IMAGE, type Node, uuid } from "../support/cleaner-node.ts";
import { promise } from "../support/cleaner-promise.ts";

const DAY_S = 86_400;
const YEARS_10 = 3_652 * DAY_S;
const marker = (n: number): string => `${uuid(n)}.downloading`;

/** From now on the node's date answers so many seconds from the true time; files keep the times they have. */
const jump = (node: Node, seconds: number): void => {
  node.write("clock-offset", `${seconds}\n`);
};

/** Times of a file, in seconds since 1970. */
const stamp = (node: Node, name: string, seconds: number): void => utimesSync(join(node.cache, name), seconds, seconds);

describe.concurrent("the cleaner and a clock that jumps", () => {
  promise("back by ten years: everything is in the future, nothing goes, and it is said", async (node) => {
    node.images(5);
    node.put(marker(9), { age: 40 });
    node.zfs({}, HEADROOM - 10 * IMAGE);
    jump(node, -YEARS_10);
    const result = await node.clean(2, "--min-age", "0");
    expect([result.status, result.err]).toEqual([0, ""]);
    expect(node.files).toHaveLength(6);
    expect(result.out).toMatch(
      /^nova-cache-cleanup: note: 6 files were changed after this moment, the last one \d+ seconds: they count as young; is the clock right\?$/m,
    );
    expect(result.summary).toContain("young 5,");
    expect(result.summary).toMatch(/: still \d+ bytes short of the target: nothing else may be evicted$/);
  });

  promise("back, told to evict everything: nothing goes either", async (node) => {
    node.images(3);
    node.zfs({});
    jump(node, -YEARS_10);
    for (const choice of [["--all-unused"], ["--older-than", "0"], ["--image", uuid(1)], ["--to-limit", "0"]])
      expect((await node.clean(0, "--min-age", "0", ...choice)).summary).toContain("evicted 0 images");
    expect(node.files).toHaveLength(3);
  });

  promise("and comes right again: the next run does what it would have", async (node) => {
    node.images(3);
    node.zfs({});
    jump(node, -YEARS_10);
    await node.clean(0);
    expect(node.files).toHaveLength(3);
    jump(node, 0);
    const next = await node.clean(0);
    expect(next.out).not.toContain("is the clock right");
    expect(node.files).toEqual([uuid(2), uuid(3)]);
  });

  promise("a few images of the future among old ones: those stay, the old ones go", async (node) => {
    node.images(3);
    for (const [n, year] of [2038, 2040, 2106, 2500].entries()) {
      node.put(uuid(10 + n));
      stamp(node, uuid(10 + n), Date.UTC(year, 1, 20) / 1000);
    }
    node.zfs({}, HEADROOM - 10 * IMAGE);
    const result = await node.clean(0, "--min-age", "0");
    expect(node.files).toEqual([10, 11, 12, 13].map(uuid));
    expect(result.out).toContain("note: 4 files were changed after this moment");
  });

  promise("an image used in the future, changed in the past, is the last to go", async (node) => {
    node.images(3);
    const now = Date.now() / 1000;
    utimesSync(join(node.cache, uuid(1)), now + YEARS_10, now - 1_000 * 3_600);
    node.zfs({}, HEADROOM - 2 * IMAGE);
    await node.clean(0);
    expect(node.files).toEqual([uuid(1)]);
  });

  promise("a download a few seconds ahead is no reason to doubt the clock", async (node) => {
    node.put(uuid(1));
    stamp(node, uuid(1), Date.now() / 1000 + 60);
    node.zfs({});
    expect((await node.clean(0)).out).not.toContain("is the clock right");
    expect(node.files).toEqual([uuid(1)]);
  });

  promise(
    "files from before 1970, and a clock that stands at its birth: nothing goes that is not older",
    async (node) => {
      node.put(uuid(1));
      // Node's own utimes takes what is before 1970 for now.
      execFileSync("touch", ["-d", `@-${3 * DAY_S}`, join(node.cache, uuid(1))]);
      node.put(uuid(2));
      stamp(node, uuid(2), 5);
      node.zfs({}, HEADROOM - 10 * IMAGE);
      jump(node, -Math.floor(Date.now() / 1000));
      const result = await node.clean(0);
      expect(node.files).toEqual([uuid(2)]);
      expect(result.out).toMatch(/^evicted \S+ bytes \d+ age 2592\d\d idle 2592\d\d$/m);
    },
  );

  promise(
    "on by ten years: all looks old, but no more goes than is needed, and no download under way",
    async (node) => {
      node.images(4);
      // The three schemes, under way: open as long as they are.
      node.put(uuid(20), { age: 0 });
      node.put(uuid(21), { age: 0 });
      node.put(marker(21), { age: 0.01, bytes: 0 });
      node.put(marker(22), { age: 0 });
      node.write("open", [uuid(20), uuid(21), marker(22), ""].join("\n"));
      node.zfs({}, HEADROOM - 2 * IMAGE);
      jump(node, YEARS_10);
      expect((await node.clean(0)).summary).toMatch(/evicted 2 images, .*: target reached$/);
      expect(node.files).toEqual([uuid(3), uuid(4), uuid(20), uuid(21), marker(21), marker(22)].sort());
      await node.clean(0, "--all-unused");
      expect(node.files).toEqual([uuid(20), uuid(21), marker(21), marker(22)].sort());
    },
  );

  promise("on by ten years where fuser sees nothing: what still grows stays", async (node) => {
    node.put(uuid(20), { age: 0 });
    node.put(uuid(21), { age: 0 });
    node.put(marker(21), { age: 0.01, bytes: 0 });
    node.put(marker(22), { age: 0 });
    node.write("fuser-blind", "");
    node.hook("fuser", `for file in '${uuid(20)}' '${uuid(21)}' '${marker(22)}'; do echo more >>"$file"; done`);
    node.zfs({}, HEADROOM - 10 * IMAGE);
    jump(node, YEARS_10);
    await node.clean(0);
    expect(node.files).toEqual([uuid(20), uuid(21), marker(21), marker(22)].sort());
  });

  for (const years of [10, -10])
    promise(`${years > 0 ? "on" : "back"} during a run, once it has looked: changes nothing`, async (node) => {
      node.images(4);
      node.put(uuid(9), { age: 1 });
      node.zfs({}, HEADROOM - 2 * IMAGE);
      // date is asked once, at the beginning.
      node.hook("nawk", `echo ${years * 365 * DAY_S} >'${node.state}/clock-offset'`);
      expect((await node.clean(0)).summary).toMatch(/evicted 2 images, .*: target reached$/);
      expect(node.files).toEqual([uuid(3), uuid(4), uuid(9)]);
      expect(node.calls.filter((call) => call.startsWith("date"))).toHaveLength(1);
    });
});
