import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import type { Data, Entry } from "./data.ts";
import { show } from "./show.ts";
import { bad, type Reading } from "./statement.ts";

/** Keys that aliases of one file repeat: 20 for each of 10,000 hosts. More means aliases within aliases, which multiply. */
const MAX_REPEATED = 200_000;

interface Around {
  /** `file:line` of an offset. */
  readonly at: (offset: number) => string;
  readonly file: string;
  readonly reading: Reading;
}

interface Context extends Around {
  readonly targets: ReadonlyMap<Node, Node>;
  /** Of maps looked at before: an alias brings one up again and again. */
  readonly known: Map<YAMLMap, readonly Entry[]>;
  repeatsLeft: number;
}

/**
 * The nodes of a YAML document as data: aliases followed, merge keys (`<<`) merged. A repeated key is complained of
 * with both places when its map is looked at.
 */
export const yamlTree = (root: Node | null, targets: ReadonlyMap<Node, Node>, around: Around): Data =>
  dataOf(root, around.file, { ...around, targets, known: new Map(), repeatsLeft: MAX_REPEATED });

/** `keyAt`: where the key stands, for a value that is not there. */
const dataOf = (node: unknown, keyAt: string, context: Context): Data => {
  if (isAlias(node)) {
    const target = context.targets.get(node);
    if (target !== undefined) return dataOf(target, keyAt, context);
    const where = placeOf(node, keyAt, context);
    context.reading.complaints.push(
      bad(
        where,
        `no anchor before this line is named ${show(node.source)}`,
        "write &NAME before the value it stands for",
      ),
    );
    return { kind: "nothing", where };
  }
  const where = placeOf(node, keyAt, context);
  if (isMap(node)) return { kind: "map", where, entries: () => entriesOf(node, [], context) };
  if (isSeq(node)) return { kind: "list", where, items: () => node.items.map((item) => dataOf(item, where, context)) };
  if (!isScalar(node)) return { kind: "nothing", where };
  if (node.tag?.startsWith("!vault")) return { kind: "sealed", where };
  const text = String(node.value);
  const nothing = node.type === "PLAIN" && /^(~|null|Null|NULL|)$/.test(text);
  return nothing ? { kind: "nothing", where } : { kind: "text", where, text };
};

/** `inside`: maps that are being merged into this one; one of them again would go on for ever. */
const entriesOf = (map: YAMLMap, inside: readonly Node[], context: Context): readonly Entry[] => {
  const known = context.known.get(map);
  if (known !== undefined) return spend(map, known.length, context) ? known : [];
  const entries = readEntries(map, [...inside, map], context);
  context.known.set(map, entries);
  return entries;
};

const spend = (map: YAMLMap, repeats: number, context: Context): boolean => {
  const before = context.repeatsLeft;
  context.repeatsLeft -= repeats;
  if (context.repeatsLeft < 0 && before >= 0)
    context.reading.complaints.push(
      bad(
        placeOf(map, context.file, context),
        `the aliases of the file repeat more than ${MAX_REPEATED.toLocaleString("en")} keys`,
        "look for aliases within aliases, or split the file",
      ),
    );
  return context.repeatsLeft >= 0;
};

const readEntries = (map: YAMLMap, inside: readonly Node[], context: Context): readonly Entry[] => {
  const entries = new Map<string, Entry>();
  const own = new Map<string, string>();
  const mapAt = placeOf(map, context.file, context);
  for (const { key, value } of map.items) {
    const where = placeOf(key, mapAt, context);
    if (!isScalar(key)) {
      context.reading.complaints.push(bad(where, "a key is not a text", "write NAME: VALUE"));
    } else if (isMerge(key)) {
      // What stands in the map itself is stronger than what is merged, wherever it stands.
      for (const merged of mergedEntries(value, inside, where, context))
        if (!entries.has(merged.key)) entries.set(merged.key, merged);
    } else {
      const name = String(key.value);
      const before = own.get(name);
      if (before !== undefined) context.reading.complaints.push(repeated(name, before, where));
      own.set(name, where);
      entries.set(name, { key: name, where, value: dataOf(value, where, context) });
    }
  }
  return [...entries.values()];
};

/** Of several merged maps the first wins, as YAML 1.1 has it. */
const mergedEntries = (value: unknown, inside: readonly Node[], where: string, context: Context): readonly Entry[] => {
  const source = isAlias(value) ? context.targets.get(value) : value;
  if (isSeq(source)) return source.items.flatMap((item) => mergedEntries(item, inside, where, context));
  if (isMap(source) && !inside.includes(source)) return entriesOf(source, inside, context);
  context.reading.complaints.push(
    bad(where, "what << merges is no other map", "write <<: *NAME, with &NAME before a map further up"),
  );
  return [];
};

const repeated = (name: string, before: string, where: string) =>
  bad(where, `the key ${show(name)} stands twice in one map: at ${before} and at ${where}`, "keep one of the two");

const placeOf = (node: unknown, otherwise: string, { at }: Context): string => {
  const start = isNode(node) ? node.range?.[0] : undefined;
  return start === undefined ? otherwise : at(start);
};

const isMerge = (key: Scalar): boolean => key.type === "PLAIN" && key.value === "<<";
