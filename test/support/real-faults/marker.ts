/** Makes a node's session wait at one line of what its script says, so that something can be done to the line just then. */
import type { RealNode } from "../fleet/node.ts";
import { holdAtLine, putHeldSession } from "./hold.ts";

/** What a script says on the way of a change, in the order it says it, where every change is needed and none was made. */
export const markers = [
  "begin",
  ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((step) => [`step ${step} start`, `step ${step} ok`]),
  "commit",
  "end",
] as const;

/** From now on the script of a change is heard up to its marker number `at` (from 0), which is passed on; then all wait. */
export const holdAtMarker = (node: RealNode, at: number): void => putHeldSession(node, holdAtLine(markers, at));

/** The markers that the script has said in the node, without what follows their words. */
export const markersOf = (node: RealNode): readonly string[] =>
  node
    .read("/.node/at/markers")
    .trim()
    .split("\n")
    .map((line) => markers.find((marker) => line.replace(/^@\S+ /, "").startsWith(marker)) ?? line);
