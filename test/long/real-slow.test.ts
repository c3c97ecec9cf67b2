/** The troubles that take minutes, for a deadline or a service decides them: `npm run test:long`. */
import { volatileFills } from "../support/real-faults/disk.ts";
import { slowOutputs } from "../support/real-faults/output.ts";
import { serviceTroubles } from "../support/real-faults/service.ts";
import { tryTroubles } from "../support/real-faults/trouble.ts";

tryTroubles([volatileFills, ...serviceTroubles, ...slowOutputs]);
