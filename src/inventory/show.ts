/** Characters of a bad value that a complaint repeats: enough to recognise it, no flood. */
const MAX_SHOWN = 60;

/** Somebody's text in quotes, short and with everything but printable ASCII made visible. */
export const show = (text: string): string => {
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return `"${cut.replace(/[^\x20-\x7e…]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)}"`;
};

/** `a, b or c`. */
export const oneOf = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
