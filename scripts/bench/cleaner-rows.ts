/** What a run of the cleaner takes on a cache of ten thousand images, under ksh93, with the tests' stand-ins for Solaris' tools. */
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADROOM, Node, SHELLS, uuid } from "../../test/support/cleaner-node.ts";
import { median } from "./costs.ts";
import { atMost, type Figure } from "./figures.ts";

const IMAGES = 10_000;
/** What a small file takes. */
const BLOCK = 4096;
const DAYS_2_S = 2 * 86_400;

/** Seconds of one run that has `count` images to evict. */
const run = async (count: number): Promise<number> => {
  const node = new Node(SHELLS[0]);
  try {
    const now = Date.now() / 1000;
    for (let n = 0; n < IMAGES; n++) {
      const path = join(node.cache, uuid(n));
      writeFileSync(path, "image");
      utimesSync(path, now - DAYS_2_S - n, now - DAYS_2_S - n);
    }
    node.zfs({}, HEADROOM - count * BLOCK);
    const began = performance.now();
    const { summary } = await node.clean(0);
    const tookS = (performance.now() - began) / 1000;
    if (!summary.includes(` evicted ${count} images, `)) throw new Error(`the cleaner did something else: ${summary}`);
    return tookS;
  } finally {
    node.remove();
  }
};

/** Needs no root. */
export const cleanerFigures = async (rounds: number): Promise<readonly Figure[]> => {
  const figures: Figure[] = [];
  for (const [what, count] of [
    ["half of them", IMAGES / 2],
    ["all", IMAGES],
  ] as const) {
    const seconds: number[] = [];
    for (let round = 1; round <= rounds; round++) seconds.push(await run(count));
    console.log(`cleaner, ${what}: ${seconds.map((it) => it.toFixed(2)).join(" ")} s`);
    const value = median(seconds);
    figures.push({
      what: `the cleaner on ${IMAGES} images, evicting ${what}, wall, s`,
      ours: `${value.toFixed(2)} s`,
      beside: "-",
      value,
      wanted: atMost(2),
    });
  }
  return figures;
};
