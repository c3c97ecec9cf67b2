/**
 * JSON Schemas that the compiler holds to our types: `Schema<T>` describes values of T and nothing else, and an object
 * has to say something about every field of its type. What they make is docs/events.schema.json.
 */

export type Json = { readonly [key: string]: unknown };

/** A schema of whatever type. */
export interface AnySchema {
  readonly json: Json;
}

/** The JSON Schema of a T. The field is for the compiler alone: it makes a schema of a wider or narrower type unfit. */
export interface Schema<T> extends AnySchema {
  readonly exactly?: (value: T) => T;
}

interface Optional<T> {
  readonly optional: Schema<T>;
}

type Fields<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Schema<T[K]>;
};

export const optional = <T>(schema: Schema<T>): Optional<T> => ({ optional: schema });

/** An object with these fields and no others. */
export const object = <T extends object>(fields: Fields<T>, says?: string): Schema<T> => {
  const entries = Object.entries(fields as Readonly<Record<string, AnySchema | { readonly optional: AnySchema }>>);
  return {
    json: {
      ...(says === undefined ? {} : { description: says }),
      type: "object",
      properties: Object.fromEntries(
        entries.map(([name, field]) => [name, "optional" in field ? field.optional.json : field.json]),
      ),
      required: entries.filter(([, field]) => !("optional" in field)).map(([name]) => name),
      additionalProperties: false,
    },
  };
};

/** An object of any keys. */
export const map = <T>(values: Schema<T>, says?: string): Schema<Readonly<Record<string, T>>> => ({
  json: { ...(says === undefined ? {} : { description: says }), type: "object", additionalProperties: values.json },
});

/** One of several objects, by the value of their field `by`; each has its schema here. */
export const union = <T extends object, K extends keyof T>(
  _by: K,
  members: { readonly [V in T[K] & string]: Schema<Extract<T, { readonly [key in K]: V }>> },
): Schema<T> => ({
  json: { oneOf: Object.values(members as Readonly<Record<string, AnySchema>>).map(({ json }) => json) },
});

/** One of these words; the table has every word of T. */
export const word = <T extends string>(table: Readonly<Record<T, true>>): Schema<T> => ({
  json: { enum: Object.keys(table) },
});

export const literal = <const T extends string | number | boolean>(value: T): Schema<T> => ({ json: { const: value } });

export const list = <T>(items: Schema<T>): Schema<readonly T[]> => ({ json: { type: "array", items: items.json } });

export const nonEmptyList = <T>(items: Schema<T>): Schema<readonly [T, ...T[]]> => ({
  json: { type: "array", items: items.json, minItems: 1 },
});

export const orNull = <T>(schema: Schema<T>): Schema<T | null> => ({
  json: { anyOf: [schema.json, { type: "null" }] },
});

export const text: Schema<string> = { json: { type: "string" } };
export const flag: Schema<boolean> = { json: { type: "boolean" } };
export const number: Schema<number> = { json: { type: "number" } };
export const integer: Schema<number> = { json: { type: "integer" } };
/** A whole number from `minimum` on. */
export const atLeast = (minimum: number): Schema<number> => ({ json: { type: "integer", minimum } });
export const count = atLeast(0);
/** A text of one form. */
export const formed = (pattern: string): Schema<string> => ({ json: { type: "string", pattern } });

/** Schemas that others refer to by name. */
export class Definitions {
  readonly #all: Record<string, Json> = {};

  /** Files a schema under a name, and returns a reference to it. */
  define<T>(name: string, schema: Schema<T>): Schema<T> {
    this.#all[name] = schema.json;
    return { json: { $ref: `#/$defs/${name}` } };
  }

  get all(): Readonly<Record<string, Json>> {
    return this.#all;
  }
}
