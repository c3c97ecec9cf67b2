/**
 * Every fault of the lab's table ends as the reference promises; `stuck`, which takes minutes, has a file of its own. `npm test` has each
 * of them on a real node (integration/real-faults.test.ts).
 */
import { faults } from "../../src/lab/faults.ts";
import { tryFaults } from "../support/fault-runs.ts";

tryFaults(faults.filter(({ name }) => name !== "stuck"));
