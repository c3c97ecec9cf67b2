/** Every fault of the lab's table on nodes with a real sshd, real owners and a real nova-compute; `stuck` in test/long. */
import { faults } from "../../src/lab/faults.ts";
import { tryRealFaults } from "../support/real-faults/table-runs.ts";

tryRealFaults(faults.filter(({ name }) => name !== "stuck"));
