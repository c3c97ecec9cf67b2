/** File systems that refuse and hands that interfere, on real nodes: how each ends, and that nothing is left half done. */
import { diskTroubles } from "../support/real-faults/disk.ts";
import { handTroubles } from "../support/real-faults/hands.ts";
import { tryTroubles } from "../support/real-faults/trouble.ts";

tryTroubles([...diskTroubles, ...handTroubles]);
