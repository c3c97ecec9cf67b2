import { it } from "vitest";
import { Node, SHELLS } from "./cleaner-node.ts";
import { takesShell } from "./long.ts";

/** A promise of the cleaner, kept under each shell on a node of its own. */
export const promise = (name: string, act: (node: Node) => Promise<void>): void => {
  for (const shell of SHELLS.filter(({ name }) => takesShell(name)))
    it(`${shell.name}: ${name}`, async () => {
      const node = new Node(shell);
      try {
        await act(node);
      } finally {
        node.remove();
      }
    });
};
