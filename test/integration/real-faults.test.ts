/** The faults of the lab's table on nodes with a real sshd, real owners and a real nova-compute: every other one in `npm test`, all in the long run; `stuck` in test/long. */
import { faults } from "../../src/lab/faults.ts";
import { isLong } from "../support/long.ts";
import { tryRealFaults } from "../support/real-faults/table-runs.ts";

tryRealFaults(faults.filter(({ name }, at) => name !== "stuck" && (isLong || at % 2 === 0)));
