/** The text of an IPS package manifest (pkg(5), "Actions"): one action a line, nothing but text. */

/** One action: its name, the payload it takes from the proto area, and its attributes in the order they are written. */
export interface Action {
  readonly name: "set" | "file" | "license";
  readonly payload?: string;
  /** A name may stand several times: its values are a list. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** Values that mean themselves without quotes. */
const plain = /^[A-Za-z0-9_.:/@+,-]+$/;

/** A value as pkg(5) reads it back; one with a control character cannot be written, and is a bug of ours. */
const written = (value: string): string => {
  if (/\p{Cc}/u.test(value)) throw new Error(`no value of a manifest: ${JSON.stringify(value)}`);
  return plain.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
};

/** Actions as the text of a `.p5m` file, in the order given. Throws for a value that cannot be written. */
export const p5m = (actions: readonly Action[]): string =>
  actions
    .map(({ name, payload, attributes }) =>
      [
        name,
        ...(payload === undefined ? [] : [written(payload)]),
        ...attributes.map(([key, value]) => `${key}=${written(value)}`),
      ].join(" "),
    )
    .map((line) => `${line}\n`)
    .join("");
