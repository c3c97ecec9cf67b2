/** A wave that was opened, as far as it is. */
export interface WaveState {
  readonly wave: number;
  readonly of: number;
  readonly size: number;
  readonly settled: number;
  readonly openedAt: string;
}

/**
 * The waves with so many more hosts settled in one of them. There may be as many waves as hosts, and it is nearly always
 * the last: it is looked for from the end. One that was opened again, by whoever took the run up, stands there twice, side
 * by side. Whoever has no wave changes none.
 */
export const countedIn = (
  waves: readonly WaveState[],
  wave: number | undefined,
  more: number,
): readonly WaveState[] => {
  const last = waves.findLastIndex((each) => each.wave === wave);
  if (last === -1) return waves;
  const counted = [...waves];
  for (let at = last; ; at -= 1) {
    const each = counted[at];
    if (each === undefined || each.wave !== wave) return counted;
    counted[at] = { ...each, settled: each.settled + more };
  }
};
