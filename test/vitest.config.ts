import { defineConfig } from "vitest/config";
import { SlowestFirst } from "./slowest-first.ts";

interface Project {
  readonly name: string;
  readonly timeoutMs: number;
  /** Files at once, on two cores. */
  readonly workers: number;
  /** The quick ones first, and each by itself: what has other workers has to be another group. */
  readonly order: number;
  readonly more?: readonly string[];
  /** Files of the suite that the long run has alone. */
  readonly without?: readonly string[];
}

const project = ({ name, timeoutMs, workers, order, more = [], without = [] }: Project) => ({
  test: {
    name,
    include: [`${name}/**/*.test.{ts,tsx}`, ...more],
    exclude: [...without],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    maxWorkers: workers,
    sequence: { groupOrder: order },
  },
});

/** What npm test has no time for: the simulators' and the lab's own tests, and what other files show in part. */
const longOnly = [
  "e2e/become-password.test.ts",
  "e2e/real-fleet.test.ts",
  "integration/controller-clock.test.ts",
  "integration/exec.test.ts",
  "integration/export-puppet-nodes.test.ts",
  "integration/lab-server.test.ts",
  "integration/rollout.test.ts",
  "integration/skips.test.ts",
  "integration/ssh-config-without-ssh.test.ts",
  "shell/completion.test.ts",
  "shell/sim-pool.test.ts",
  "shell/sim-state.test.ts",
];

/** One project a suite; run from here: `vitest run --root test --project unit`. */
export default defineConfig({
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      project({ name: "unit", timeoutMs: 10_000, workers: 2, order: 1 }),
      // Most of these wait on processes: with a file a core a quarter of the machine is idle.
      project({ name: "shell", timeoutMs: 300_000, workers: 3, order: 2, without: longOnly }),
      project({
        name: "integration",
        timeoutMs: 300_000,
        workers: 3,
        order: 2,
        without: longOnly,
      }),
      // A person at a terminal waits for the screen: three such files at once would wait for each other.
      project({ name: "e2e", timeoutMs: 240_000, workers: 2, order: 3, without: longOnly }),
      // npm run test:long: what takes minutes, and the wide counts of some of the others.
      project({
        name: "long",
        timeoutMs: 1_200_000,
        workers: 2,
        order: 4,
        more: [
          "integration/controller-signals.test.ts",
          "integration/journal-torn.test.ts",
          "integration/nova-conf-oslo.test.ts",
          "integration/purge-safety.test.ts",
          "integration/real-become-password.test.ts",
          "integration/real-faults.test.ts",
          "integration/real-periodic.test.ts",
          "integration/resume.test.ts",
          "integration/ssh-agreement.test.ts",
          "e2e/interrupt.test.ts",
          "e2e/journal.test.ts",
          "e2e/pipes.test.ts",
          ...longOnly,
          "integration/transport-bastion.test.ts",
          "shell/apply.test.ts",
          "shell/boot-environments.test.ts",
          "shell/cleaner-table.test.ts",
          "shell/command-script.test.ts",
          "shell/dataset.test.ts",
          "shell/idle-and-migrate.test.ts",
          "shell/package.test.ts",
          "shell/publish.test.ts",
          "shell/purge.test.ts",
          "shell/cleaner.test.ts",
          "shell/cleaner-choice.test.ts",
          "shell/cleaner-clock.test.ts",
          "shell/cleaner-killed.test.ts",
          "shell/probe.test.ts",
        ],
      }),
    ],
  },
});
