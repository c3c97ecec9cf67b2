/** Whether work grows no faster than its input, told by CPU time of this thread: a busy machine makes no difference to it. */
import { expect } from "vitest";

/** How much larger the second input is. */
const GROWTH = 8;
/** Linear work costs 8 times as much, sorting some 10 times, quadratic work 64 times. */
const MOST = 32;
/** The least of so many tries counts: what the collector adds is not the work's. */
const TRIES = 3;
/** Below this, milliseconds, a measurement is noise. */
const LEAST_MS = 2;

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const costMs = (work: () => void): number => {
  const tries = Array.from({ length: TRIES }, () => {
    const began = cpuMs();
    work();
    return cpuMs() - began;
  });
  return Math.max(LEAST_MS, Math.min(...tries));
};

/** Fails when the work that `prepare` gives for 8 times `size` costs far more than 8 times the CPU. */
export const expectLinear = (size: number, prepare: (size: number) => () => void): void => {
  const small = costMs(prepare(size));
  const large = costMs(prepare(size * GROWTH));
  expect(
    large / small,
    `${small.toFixed(1)} ms of CPU for ${size}, ${large.toFixed(1)} ms for ${size * GROWTH}`,
  ).toBeLessThan(MOST);
};
