import { defineConfig } from "vitest/config";

const project = (name: string, testTimeout: number, more: readonly string[] = []) => ({
  test: { name, include: [`${name}/**/*.test.{ts,tsx}`, ...more], testTimeout, hookTimeout: testTimeout },
});

/** One project a suite; run from here: `vitest run --root test --project unit`. */
export default defineConfig({
  test: {
    // Two cores: with a file a core a quarter of them is idle, for most tests wait on processes.
    maxWorkers: 3,
    projects: [
      project("unit", 10_000),
      project("shell", 300_000),
      project("integration", 300_000),
      project("e2e", 240_000),
      // npm run test:long: what takes minutes, and the wide counts of some of the others.
      project("long", 1_200_000, [
        "integration/nova-conf-oslo.test.ts",
        "integration/real-become-password.test.ts",
        "integration/ssh-agreement.test.ts",
        "integration/ssh-config-without-ssh.test.ts",
        "e2e/pipes.test.ts",
        "integration/transport-bastion.test.ts",
        "shell/apply.test.ts",
        "shell/cleaner.test.ts",
        "shell/probe.test.ts",
      ]),
    ],
  },
});
