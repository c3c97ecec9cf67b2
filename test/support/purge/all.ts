/** Every situation, in the sections of the page. */
import { between } from "./between.ts";
import { environments } from "./environments.ts";
import { inUseFiles, oddFiles } from "./files.ts";
import { inUse, links, mounts, notACache } from "./places.ts";
import { pool } from "./pool.ts";
import { services } from "./services.ts";
import { nodeOf, type Situation } from "./situation.ts";

export interface Section {
  readonly title: string;
  readonly situations: readonly Situation[];
}

export const legacySections: readonly Section[] = [
  { title: "The old cache is one in use, or around it, or in it", situations: inUse },
  { title: "The old cache is something else", situations: notACache },
  { title: "Links on the way to it", situations: links },
  { title: "What is mounted", situations: mounts },
  { title: "Datasets and snapshots, on a real pool", situations: pool },
  { title: "What lies in it", situations: oddFiles },
  { title: "Files in use", situations: inUseFiles },
  { title: "What the node is at", situations: services },
  { title: "What changes between the plan and the removal", situations: between },
];
export const environmentSections: readonly Section[] = [{ title: "Boot environments", situations: environments }];

/** The situations by their nodes. */
export const byNode = (sections: readonly Section[]): ReadonlyMap<string, readonly Situation[]> => {
  const nodes = new Map<string, Situation[]>();
  for (const situation of sections.flatMap(({ situations }) => situations))
    nodes.set(nodeOf(situation), [...(nodes.get(nodeOf(situation)) ?? []), situation]);
  return nodes;
};
