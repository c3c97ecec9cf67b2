/** docs/reference/purge-safety.md: what ran, and what came of it. */
import { cell, table } from "../page-table.ts";

export interface Row {
  readonly danger: string;
  readonly came: string;
  readonly because: string;
}

export interface PageSection {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** What differs from run to run: times, digests. */
const steady = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)?/g, "…")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "…")
    .replaceAll(/\b(\d{8})-aaaa-4bbb-8ccc-dddddddddddd/g, (_, n: string) => `IMAGE-${Number(n)}`);

/** A name stays as it is written. */
const upper = (text: string): string =>
  /^[\w-]+[._]|^-/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);

export const page = (sections: readonly PageSection[], races: string): string => {
  const count = sections.reduce((sum, { rows }) => sum + rows.length, 0);
  return [
    "# What a purge does not take",
    "",
    `Each row is a situation in which \`novasweep purge\` could take what it must not, and what came of it when the tests that wrote this page ran: ${count} situations, on nodes with a real sshd, ksh93, owners, links and mounts ([real parts](../explanation/real-parts.md)), by the program as it is built. Every file, link and directory beside, above and below each path, and where each link leads, was compared before and after: nothing but the files named in the plan was gone.`,
    "",
    "`changed`: what may go went. `refused`: nothing was done. `failed`: the removal had begun and not all of it was done. `in-sync`: there was nothing to take.",
    "",
    ...sections.flatMap(({ title, rows }) => [
      `## ${title}`,
      "",
      table(
        ["Situation", "What comes", "Why nothing else can go"],
        rows.map(({ danger, came, because }) =>
          [danger, came, because].map((text, at) => cell(steady(at === 0 ? upper(text) : text))),
        ),
      ),
      "",
    ]),
    "## The race",
    "",
    races,
    "",
  ].join("\n");
};
