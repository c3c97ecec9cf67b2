/**
 * Every fault of the lab's table ends as the reference promises; `stuck`, which takes minutes, in test/long. In `npm test` a third of
 * them, for real-faults.test.ts has each on a real node.
 */
import { faults } from "../../src/lab/faults.ts";
import { tryFaults } from "../support/fault-runs.ts";
import { isLong } from "../support/long.ts";

tryFaults(faults.filter(({ name }, at) => name !== "stuck" && (isLong || at % 3 === 0)));
