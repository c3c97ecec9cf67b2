/** A value or the reason there is none. Bad input is a `Result`; only a broken assumption of ours is thrown. */
export type Result<T, E = Complaint> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

/** What a person did wrong: what, where (`file:line`, host or option) and what to do about it. */
export interface Complaint {
  readonly code: string;
  readonly what: string;
  readonly where?: string;
  readonly try?: string;
}

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const err = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error });

/** Ends a switch over a closed union: a member nobody handles is a compile error, at run time a bug of ours. */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
};

export type NonEmpty<T> = readonly [T, ...T[]];
export const isNonEmpty = <T>(list: readonly T[]): list is NonEmpty<T> => list.length > 0;
