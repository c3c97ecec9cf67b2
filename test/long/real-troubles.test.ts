/** File systems that refuse, hands that interfere, clocks that jump and chatty nodes, for real: how each ends, and that nothing is left half done. */
import { clockTroubles } from "../support/real-faults/clock.ts";
import { diskTroubles } from "../support/real-faults/disk.ts";
import { handTroubles } from "../support/real-faults/hands.ts";
import { outputTroubles } from "../support/real-faults/output.ts";
import { tryTroubles } from "../support/real-faults/trouble.ts";

tryTroubles([...diskTroubles, ...handTroubles, ...clockTroubles, ...outputTroubles]);
