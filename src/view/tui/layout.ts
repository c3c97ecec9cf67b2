/** How the rows of a terminal are shared out, so that no frame is ever taller than it. */

/** What the three sections would like, title rows included; 0: there is nothing to show. */
export interface Wanted {
  /** One row a cause. */
  readonly failures: number;
  /** One more a cause, for what to try: shown for all or for none. */
  readonly advice: number;
  readonly running: number;
  readonly settled: number;
}

export type Given = Omit<Wanted, "advice">;

/** Running hosts that are shown before there is room for advice. */
const runningBeforeAdvice = 4;

/**
 * Rows for each section out of `rows`, never more than it wants. Each gets `least` first (below that it says nothing
 * useful), failures before all others and never less than two; then settled hosts (a few rows), failures up to half of
 * all, some running hosts, advice if all of it fits, the other running hosts, the other failures.
 */
export const share = (rows: number, least: number, wanted: Wanted): Given => {
  const given = { failures: 0, running: 0, settled: 0 };
  let left = Math.max(0, rows);
  const give = (section: keyof Given, upTo: number): void => {
    const more = Math.max(0, Math.min(left, Math.min(upTo, wanted[section]) - given[section]));
    given[section] += more;
    left -= more;
  };
  give("failures", Math.max(2, least));
  give("running", least);
  give("settled", least);
  give("settled", wanted.settled);
  give("failures", Math.floor(rows / 2));
  give("running", least + runningBeforeAdvice);
  if (given.failures === wanted.failures && wanted.advice <= left) {
    given.failures += wanted.advice;
    left -= wanted.advice;
  }
  give("running", wanted.running);
  give("failures", wanted.failures);
  return given;
};
