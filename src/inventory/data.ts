/** YAML and JSON as a tree of values that know where they stand: `file:line`, or a file and a JSON path. */

/** A number or a truth value is the text that stands for it: `0755` stays `0755`, `yes` stays `yes`. */
export type Data =
  | { readonly kind: "text"; readonly where: string; readonly text: string }
  /** Null, or nothing at all behind a key. */
  | { readonly kind: "nothing"; readonly where: string }
  /** Encrypted with ansible-vault. */
  | { readonly kind: "sealed"; readonly where: string }
  | { readonly kind: "list"; readonly where: string; readonly items: () => readonly Data[] }
  /** Asked for entry by entry, so that aliases within aliases cost nothing until somebody looks. */
  | { readonly kind: "map"; readonly where: string; readonly entries: () => readonly Entry[] };

export interface Entry {
  readonly key: string;
  /** Where the key stands. */
  readonly where: string;
  readonly value: Data;
}

/** A kind in the words of a complaint. */
export const kindWords: Readonly<Record<Data["kind"], string>> = {
  text: "text",
  nothing: "empty",
  sealed: "encrypted",
  list: "a list",
  map: "a map",
};

/** The value of a key, or undefined. */
export const valueAt = (data: Data, key: string): Data | undefined =>
  data.kind === "map" ? data.entries().find((entry) => entry.key === key)?.value : undefined;
