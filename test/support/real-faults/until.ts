/** Between two looks at a condition, ms. */
const LOOK_MS = 50;
/** No condition of these tests takes longer, on a machine that is busy many times over, ms. */
const DEADLINE_MS = 240_000;

/** Resolves when the condition holds; rejects with its name at the deadline. */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};
