/** What the journal costs: a resume, a decision of the gate, its share in a rollout. */
import type { Figure } from "./figures.ts";
import { gateFigures } from "./gate-rows.ts";
import { resumeFigures } from "./resume-rows.ts";
import { shareFigures } from "./share-rows.ts";

export const journalFigures = async (dir: string, hosts: number, rounds: number): Promise<readonly Figure[]> => [
  ...(await resumeFigures(dir, rounds)),
  ...(await gateFigures(dir)),
  ...(await shareFigures(dir, hosts)),
];
