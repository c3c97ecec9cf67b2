/** The fault that the restart's own deadline decides, on a node with a real nova-compute: `npm run test:long`. */
import { faults } from "../../src/lab/faults.ts";
import { tryRealFaults } from "../support/real-faults/table-runs.ts";

tryRealFaults(faults.filter(({ name }) => name === "stuck"));
