/** What could be wrong with an event: each of its parts left out, of another type, or with something beside it. */

/** A damaged copy and what was done to it, such as `without plan.gate.maxBad`. */
export interface Mutation {
  readonly what: string;
  readonly event: unknown;
}

/** Fields that may be left out, by the path of names that leads to them, list indexes left out. */
const optional =
  /^(host\.phase\.(layer|since|script)|host\.step\.(code|message)|run\.started\.(exec|publication|purge|rollback|given)|host\.purged\.freedBytes|operator\.acted\.(by|parallel)|host\.ran\.(status|signal|partial|stdout\.text|stderr\.text)|host\.settled\.(failure|refusals|drift|note)|run\.settled\.reason|.*\.(oldLine|try|detail|images|parseError|facts\.purge|eviction|now|spaces))$/;
/** Objects with keys of their own choice: none of these is missed. */
const open =
  /\.(limits|datasets|directories|properties|snapshots\.value|kept|places|clones\.value|spaces\.value|origins)$/;
/** Fields whose text is one of a few words, or of one form. */
const closed =
  /^[a-z]+\.[a-z]+\.(type|run|at|host|command|by|phase|layer|stream|outcome|action|change|state)$|\.(verdict|aspect|kind|because|why|restart|rangeDigest|replacement|before|after|digest)$|\.(failure|refusals)\.code$/;

/** Every mutation of an event; all of them make it one that was never written. */
export function* mutationsOf(event: { readonly type: string }): Generator<Mutation> {
  yield* within(event, event.type, (changed) => changed);
}

type Rebuild = (changed: unknown) => unknown;

function* within(value: unknown, path: string, rebuild: Rebuild): Generator<Mutation> {
  if (Array.isArray(value)) {
    // Items of one shape have the same mutations: a plan of many hosts is damaged once in each way.
    const different = new Map([...value.entries()].map(([at, item]) => [shapeOf(item), at]));
    for (const [at, item] of value.entries())
      if (different.get(shapeOf(item)) === at)
        yield* around(item, `${path}[${at}]`, (changed) => rebuild(value.with(at, changed)));
    return;
  }
  if (typeof value !== "object" || value === null) return;
  yield { what: `${path} with something beside it`, event: rebuild({ ...value, surplus: { surplus: true } }) };
  for (const [name, item] of Object.entries(value)) {
    const at = `${path}.${name}`;
    const { [name]: _, ...without } = value as Record<string, unknown>;
    if (!optional.test(plain(at)) && !open.test(plain(path))) yield { what: `without ${at}`, event: rebuild(without) };
    yield* around(item, at, (changed) => rebuild({ ...value, [name]: changed }));
  }
}

function* around(value: unknown, path: string, rebuild: Rebuild): Generator<Mutation> {
  yield { what: `${path} of another type`, event: rebuild(otherType(value)) };
  if (typeof value === "string" && closed.test(plain(path)))
    yield { what: `${path} with an unknown word`, event: rebuild(`${value} or so`) };
  yield* within(value, path, rebuild);
}

/** Which fields a value has, at any depth, and of which types. */
export const shapeOf = (value: unknown): string => {
  const paths = new Set<string>();
  JSON.stringify(value, function (this: unknown, key, item) {
    paths.add(Array.isArray(this) ? `[]:${typeof item}` : `${key}:${typeof item}`);
    return item;
  });
  return [...paths].sort().join(" ");
};

const plain = (path: string): string => path.replaceAll(/\[\d+\]/g, "");

const otherType = (value: unknown): unknown => {
  if (value === null) return {};
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  return typeof value === "string" ? 7 : Array.isArray(value) ? {} : [];
};
