import { isIPv6 } from "node:net";

/**
 * The words of a pattern. Commas and colons part them, as in Ansible, but not between brackets (node sets), not in an
 * IPv6 address, and in a regular expression only where no bracket, parenthesis or brace is open.
 * @see ansible lib/ansible/inventory/manager.py, split_host_pattern
 */
export const splitPattern = (pattern: string): readonly string[] =>
  piecesAtCommas(pattern)
    .flatMap((pieces) => (isAddress(pieces.join(":")) ? [pieces.join(":")] : pieces))
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** Pieces between separators, those between two commas together: only colons may belong to an address. */
const piecesAtCommas = (pattern: string): readonly (readonly string[])[] => {
  const all: string[][] = [];
  let group: string[] = [];
  for (let start = 0; start <= pattern.length; ) {
    const end = endOfPiece(pattern, start);
    group.push(pattern.slice(start, end));
    if (pattern[end] !== ":") {
      all.push(group);
      group = [];
    }
    start = end + 1;
  }
  return all;
};

/** Where the piece that begins at `start` ends: at a separator outside brackets, or with the pattern. */
const endOfPiece = (pattern: string, start: number): number => {
  const isRegex = /^\s*[&!]?~/.test(pattern.slice(start, start + 64));
  const open: string[] = [];
  for (let at = start; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (open.length === 0 && (char === "," || char === ":")) return at;
    if (isRegex && char === "\\") at++;
    else if (char === open.at(-1)) open.pop();
    // Between square brackets nothing else opens.
    else if (char === "[" && open.at(-1) !== "]") open.push("]");
    else if (isRegex && open.at(-1) !== "]" && char === "(") open.push(")");
    else if (isRegex && open.at(-1) !== "]" && char === "{") open.push("}");
  }
  return pattern.length;
};

/** An IPv6 address, also one whose last number is a node set, as a summary prints several: `2001:db8::[1-3]`. */
const isAddress = (word: string): boolean =>
  // It has two colons at least: a pattern without does not make Node compile its expression for one (3 ms).
  word.indexOf(":") !== word.lastIndexOf(":") &&
  isIPv6(
    word
      .trim()
      .replace(/^[&!]/, "")
      .replace(/\[([0-9]+)[^\]]*\]/, "$1"),
  );
