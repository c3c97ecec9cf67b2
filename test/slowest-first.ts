import { existsSync } from "node:fs";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take the most, the longest first. Vitest takes the largest first where it has not measured them yet, and
 * a long one that comes last has the machine to itself.
 */
const slowest = [
  "integration/purge-safety",
  "shell/idle-and-migrate",
  "integration/real-purge",
  "integration/saved-plan",
  "shell/apply",
  "integration/resume",
  "integration/real-rollout",
  "shell/purge",
  "integration/real-purge-cache",
  "integration/steer",
  "integration/real-faults",
];

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = slowest.find((name) => !existsSync(new URL(`./${name}.test.ts`, import.meta.url)));
    if (gone !== undefined) throw new Error(`slowest-first.ts: there is no test/${gone}.test.ts`);
    const place = ({ moduleId }: TestSpecification): number => {
      const at = slowest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? slowest.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
