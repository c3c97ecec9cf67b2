/** The fault that is decided by the restart's own deadline, 240 s at least: `npm run test:long`. */
import { faults } from "../../src/lab/faults.ts";
import { tryFaults } from "../support/fault-runs.ts";

tryFaults(faults.filter(({ name }) => name === "stuck"));
