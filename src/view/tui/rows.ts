/** Rows of the screen as data: pieces of text with a tone. Colour comes last and is never the only sign. */
import type { Outcome } from "../../domain/outcome.ts";
import { cutTo, widthOf } from "../cells.ts";

export type Tone = "plain" | "dim" | "bold" | "good" | "warn" | "bad" | "accent";

export interface Piece {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the screen; its texts are safe and hold no line break. */
export type Row = readonly Piece[];

export const piece = (text: string, tone: Tone = "plain"): Piece => ({ text, tone });
export const gap = (columns: number): Piece => piece(" ".repeat(Math.max(0, columns)));

/** Columns a row takes. */
export const rowWidth = (row: Row): number => row.reduce((sum, { text }) => sum + widthOf(text), 0);

/** The row, cut to `width` columns; a cut one ends in `…`. */
export const cutRow = (row: Row, width: number): Row => {
  const kept: Piece[] = [];
  let left = width;
  let total = rowWidth(row);
  for (const each of row) {
    if (left <= 0) break;
    const own = widthOf(each.text);
    if (own <= left && (own < left || total === own)) kept.push(each);
    else kept.push({ ...each, text: total > left ? cutTo(`${each.text}…`, left) : each.text });
    left -= own;
    total -= own;
  }
  return kept;
};

/** `left` and `right` at the two ends of `width` columns; what does not fit is cut from the left one. */
export const spread = (left: Row, right: Row, width: number): Row => {
  const cut = cutRow(left, Math.max(0, width - rowWidth(right) - 1));
  return cutRow([...cut, gap(width - rowWidth(cut) - rowWidth(right)), ...right], width);
};

/** Signs of the screen; `plain` ones for terminals that are not UTF-8. */
export interface Signs {
  readonly outcome: Readonly<Record<Outcome, string>>;
  readonly running: string;
  readonly queued: string;
  readonly full: string;
  readonly empty: string;
}

export const unicodeSigns: Signs = {
  outcome: {
    "in-sync": "=",
    changed: "✓",
    drifted: "≠",
    refused: "⊘",
    failed: "✗",
    unreachable: "↯",
    unknown: "?",
    skipped: "-",
  },
  running: "▸",
  queued: "·",
  full: "━",
  empty: "─",
};

export const plainSigns: Signs = {
  outcome: {
    "in-sync": "=",
    changed: "+",
    drifted: "~",
    refused: "!",
    failed: "x",
    unreachable: "%",
    unknown: "?",
    skipped: "-",
  },
  running: ">",
  queued: ".",
  full: "#",
  empty: "-",
};

export const outcomeTones: Readonly<Record<Outcome, Tone>> = {
  "in-sync": "good",
  changed: "good",
  drifted: "warn",
  refused: "warn",
  failed: "bad",
  unreachable: "bad",
  unknown: "bad",
  skipped: "dim",
};

/** SGR parameters: bright enough on dark and on light; under NO_COLOR only weight remains. */
const sgr: Readonly<Record<Tone, { readonly colour: string; readonly mono: string }>> = {
  plain: { colour: "", mono: "" },
  dim: { colour: "2", mono: "2" },
  bold: { colour: "1", mono: "1" },
  good: { colour: "32", mono: "" },
  warn: { colour: "33", mono: "" },
  bad: { colour: "31;1", mono: "1" },
  accent: { colour: "36", mono: "" },
};

/**
 * A row as text with SGR sequences. They are written here and not by Ink's `color`, because chalk under it looks at
 * stdout (which may be a file while the screen is on stderr) and knows nothing of NO_COLOR.
 */
export const painted = (row: Row, colour: boolean): string =>
  row
    .map(({ text, tone }) => {
      const code = colour ? sgr[tone].colour : sgr[tone].mono;
      return code === "" || text.trim() === "" ? text : `\u001B[${code}m${text}\u001B[0m`;
    })
    .join("");
