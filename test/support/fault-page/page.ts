/** docs/reference/faults.md: how often each fault was tried, by the report of a long run. */
import { table } from "../page-table.ts";
import type { FaultRow, FaultSection } from "./rows.ts";

/** What vitest's reporter `json` writes, as far as it is read. */
export interface Report {
  readonly startTime: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Counted {
  readonly tries: number;
  readonly lost: number;
}

/** Tests of a row that ran, and those that did not end as they must. */
export const count = (report: Report, { tests }: FaultRow): Counted => {
  const ran = report.testResults.flatMap(({ name, assertionResults }) =>
    tests
      .filter(([file]) => name.endsWith(`/test/${file}`))
      .flatMap(([, pattern]) => assertionResults.filter(({ fullName }) => pattern.test(fullName.trim()))),
  );
  const tries = ran.filter(({ status }) => status === "passed" || status === "failed");
  return { tries: tries.length, lost: tries.filter(({ status }) => status === "failed").length };
};

const total = (counts: readonly Counted[], of: keyof Counted): number => counts.reduce((sum, one) => sum + one[of], 0);

/** The page. Throws with the names of the rows that nobody tried. */
export const faultsPage = (sections: readonly FaultSection[], report: Report): string => {
  const counted = sections.map(({ title, rows }) => ({
    title,
    rows: rows.map((row) => ({ ...row, ...count(report, row) })),
  }));
  const all = counted.flatMap(({ rows }) => rows);
  const untried = all.filter(({ tries }) => tries === 0).map(({ fault }) => fault);
  if (untried.length > 0) throw new Error(`nobody tried: ${untried.join("; ")}`);
  return [
    "# Faults and what becomes of them",
    "",
    `How often each fault was tried by the tests of \`npm run test:long\` when this page was last written (${new Date(report.startTime).toISOString().slice(0, 10)}), and how many tries were lost: ${total(all, "tries")} tries, ${total(all, "lost")} lost. A try is one test: a run of the program as it is built over nodes of the [lab](../explanation/lab.md) or of [real parts](../explanation/real-parts.md), or for the torn journal a reading of the file. \`npm test\` has a sample of them. How each is made stands in [faults tried for real](../explanation/faults.md).`,
    "",
    "Lost is a try after which not all of this was true: nova.conf is byte for byte the old or the new file; no lock and no temporary file lies there beyond its owner; what the journal says of the host is what a new look sees; a second run finds every host in sync, does what is missing, or is refused for a stated reason; nova-compute was restarted once at most for the edit.",
    "",
    ...counted.flatMap(({ title, rows }) => [
      `## ${title}`,
      "",
      table(
        ["Fault", "The host, or the run, ends as", "Tries", "Lost"],
        rows.map(({ fault, ends, tries, lost }) => [fault, ends, String(tries), String(lost)]),
      ),
      "",
    ]),
  ].join("\n");
};
