/** Tables of pages that tests write, as biome formats them. */

/** A cell: no bar and no mark-up, or the table would be another. */
export const cell = (text: string): string =>
  text.replaceAll(/[\r\n]+/g, " ").replaceAll(/[\\|*<>`$[\]]/g, (mark) => `\\${mark}`);

/** A table as biome formats one: columns of equal width. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, at) => text.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
};
