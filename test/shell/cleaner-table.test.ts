import { describe, expect, it } from "vitest";
import { NAMES } from "../support/cleaner-names.ts";
import { Node, type Result, SHELLS, type Shell } from "../support/cleaner-node.ts";
import { DEFECTS, type Scenario } from "../support/cleaner-scenarios.ts";
import { takesShell } from "../support/long.ts";

/** Long enough for the published script to do on a busy machine what it does; its endless loops cost all of it. */
const PUBLISHED_DEADLINE_MS = 1_200;
const KSH93 = SHELLS[0];

const on = async (
  shell: Shell,
  scenario: Scenario,
  act: (node: Node) => Promise<Result>,
  judge: (check: () => void, result: Result) => void,
) => {
  const node = new Node(shell);
  try {
    scenario.arrange(node);
    const result = await act(node);
    judge(() => scenario.check(node, result), result);
  } finally {
    node.remove();
  }
};

const tables = { "the defects of the published script": DEFECTS, "the names in the cache": NAMES };
for (const [title, scenarios] of Object.entries(tables)) {
  describe.concurrent(title, () => {
    for (const shell of SHELLS.filter(({ name }) => takesShell(name))) {
      it.each(scenarios)(`${shell.name}: $name`, (scenario) =>
        on(
          shell,
          scenario,
          (node) => node.clean(scenario.more ?? 2, ...(scenario.flags ?? [])),
          (check, result) => {
            check();
            scenario.says?.(result);
          },
        ),
      );
    }

    it.each(scenarios)("the published script fails: $name", (scenario) =>
      on(
        KSH93,
        scenario,
        (node) => node.published(PUBLISHED_DEADLINE_MS, scenario.publishedRm),
        (check) => expect(check).toThrow(),
      ),
    );
  });
}
