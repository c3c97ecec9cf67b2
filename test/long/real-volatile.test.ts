/** The trouble that the restart's own deadline decides: `npm run test:long`. */
import { volatileFills } from "../support/real-faults/disk.ts";
import { tryTroubles } from "../support/real-faults/trouble.ts";

tryTroubles([volatileFills]);
