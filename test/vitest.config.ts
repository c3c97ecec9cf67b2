import { defineConfig } from "vitest/config";

const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`${name}/**/*.test.{ts,tsx}`], testTimeout, hookTimeout: testTimeout },
});

/** One project a suite; run from here: `vitest run --root test --project unit`. */
export default defineConfig({
  test: {
    projects: [
      project("unit", 10_000),
      project("shell", 60_000),
      project("integration", 120_000),
      project("e2e", 240_000),
    ],
  },
});
