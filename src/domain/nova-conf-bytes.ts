/**
 * Bytes as text in which character N is byte N (latin1), so that every byte of a file survives, whatever its encoding;
 * and Python 2's idea of a blank, which is the one the nodes have. Used by the nova.conf editor alone.
 */

/** Characters converted at once: far below the engine's limit on call arguments. */
const chunkBytes = 8192;

/** One character a byte, code 0 to 255. */
export const textOfBytes = (bytes: Uint8Array): string => {
  let text = "";
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    text += String.fromCharCode(...bytes.subarray(at, at + chunkBytes));
  }
  return text;
};

/** The reverse; a character above 255 is a bug of ours. */
export const bytesOfText = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 255) throw new Error(`not a byte: U+${code.toString(16)}`);
    return code;
  });

/**
 * What `str.strip()` and `str.isspace()` of Python 2 take for white space in a byte string. JavaScript's `trim` and
 * Python 3 would also take bytes 0x85 and 0xA0, parts of ordinary UTF-8 letters.
 */
export const isBlank = (character: string | undefined): boolean =>
  character !== undefined && character !== "" && " \t\n\v\f\r".includes(character);

/** Index of the first character at or after `from` that is not blank; the length when there is none. */
export const skipBlanks = (text: string, from = 0): number => {
  let at = from;
  while (at < text.length && isBlank(text[at])) at += 1;
  return at;
};

export const trimEnd = (text: string): string => {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1])) end -= 1;
  return text.slice(0, end);
};

export const trim = (text: string): string => trimEnd(text.slice(skipBlanks(text)));

/** Longest piece of a file that a message or a diff shows. */
const maxShownChars = 200;

/** Text of a node's file for a person: printable ASCII, every other byte as `\xNN`, cut when long. */
export const shown = (text: string): string => {
  const cut = text.length > maxShownChars ? `${text.slice(0, maxShownChars)}...` : text;
  return cut.replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
};
