/** How many names a suggestion holds at most. */
const MAX_NAMES = 3;
/** Longer names are not compared: no name of a host, group or setting is, and the distance costs their product. */
const MAX_COMPARED = 64;

/** The names most like `wanted`, nearest first: at most a third of its letters (at least two) may differ. */
export const nearest = (wanted: string, names: Iterable<string>): readonly string[] => {
  if (wanted.length > MAX_COMPARED) return [];
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const close: { readonly name: string; readonly distance: number }[] = [];
  for (const name of names) {
    if (name.length > MAX_COMPARED || Math.abs(name.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted.toLowerCase(), name.toLowerCase());
    // "a" is not like "b" although one edit parts them: something must stay.
    if (distance <= limit && distance < Math.max(name.length, wanted.length)) close.push({ name, distance });
  }
  return close
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_NAMES)
    .map(({ name }) => name);
};

/** Letters to insert, delete, replace or swap with their neighbour to get from one word to the other (optimal string alignment). */
export const editDistance = (a: string, b: string): number => {
  let before: readonly number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = swap ? (before[column - 2] ?? 0) + 1 : replaced;
      line.push(Math.min(replaced, swapped, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    before = above;
    above = line;
  }
  return above[b.length] ?? 0;
};
