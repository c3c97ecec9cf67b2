/** Something that is wrong with a node, or happens to it in the middle, and how a rollout that meets it ends. */
import { describe, expect, test } from "vitest";
import type { RealSpec } from "../fleet/fleet.ts";
import type { RealNode } from "../fleet/node.ts";
import { isLong } from "../long.ts";
import { beforeSecondConnection, held, holdAt, letGo, type Moment, putHeldSession } from "./hold.ts";
import { between } from "./session.ts";
import { type Ended, type Expected, expectEnd, movingNode, restarts, type Trials, trials } from "./trial.ts";
import { CONF, edited, expectWhole } from "./whole.ts";

export interface Trouble {
  readonly name: string;
  /** What the node has that others have not. */
  readonly spec?: Partial<RealSpec>;
  /** Options of the rollout that meets it. */
  readonly more?: readonly string[];
  /** What root does before that, when it needs something. */
  readonly prepare?: string;
  /** What root does in the node. */
  readonly make: (node: RealNode) => string;
  readonly lift: string;
  /** It is made when the script has come so far, or between the survey and the script; at once when this is absent. */
  readonly at?: Moment | "after the survey";
  readonly ends: Expected;
  /** It comes at another moment, or from another side, than one that npm test has: the long run's. */
  readonly isVariant?: true;
  /** It leaves the edit without its restart, and says so; else the node is whole. */
  readonly leavesOwed?: true;
}

export const failed = (says: string, code = "E_STEP"): Expected => ({ outcome: "failed", code, says, exit: 5 });
export const refused = (says: string, code: string): Expected => ({ outcome: "refused", code, says, exit: 6 });
export const changed: Expected = { outcome: "changed", says: "", exit: 0 };

/** The rollout that meets the trouble. */
const meet = async (fleet: Trials, node: RealNode, { at, make, more = [] }: Trouble): Promise<Ended> => {
  if (at === undefined) {
    node.sh(make(node));
    return fleet.rollout(node, { more });
  }
  if (at === "after the survey") {
    putHeldSession(node, beforeSecondConnection(node, make(node)));
    return fleet.rollout(node, { more });
  }
  holdAt(node, at);
  const rollout = fleet.rollout(node, { more });
  await held(node, rollout);
  node.sh(make(node));
  letGo(node);
  return rollout;
};

/** One node a trouble, all at once: the end, what it leaves, and in the long run the plain rollout that follows. */
export const tryTroubles = (all: readonly Trouble[]): void => {
  const troubles = all.filter(({ isVariant }) => isLong || isVariant !== true);
  const fleet = trials(
    troubles.map(({ name, at, spec }) => movingNode(name, { ...(at === "after the survey" ? between : {}), ...spec })),
  );

  describe.concurrent("a rollout that meets", () => {
    test.each(troubles)("$name", async (trouble) => {
      const node = fleet.node(trouble.name);
      if (trouble.prepare !== undefined) node.sh(trouble.prepare);
      const ended = await meet(fleet, node, trouble);
      node.sh(trouble.lift);
      expectEnd(ended, trouble.ends);
      const isChanged = trouble.ends.outcome === "changed";
      if (trouble.leavesOwed === true) expect(node.read(CONF)).toBe(edited(fleet.before()));
      else await expectWhole(node, fleet.before(), isChanged ? "new" : "old");
      expect(restarts(node)).toBe(isChanged ? 1 : 0);
      // Where nothing was left half done, the plain rollout after it is one more of many: the long run's.
      if (!isLong) return;
      await fleet.mends(node, isChanged ? "in-sync" : "changed");
      expect(restarts(node)).toBe(1);
    });
  });
};
