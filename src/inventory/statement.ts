import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { MAX_MEMBERSHIPS, type Variable } from "./model.ts";

/** What one place of an inventory says. `where` is `file:line`, or the file and a JSON path. */
export type Statement =
  | { readonly kind: "group"; readonly group: string; readonly of: SectionKind; readonly where: string }
  | HostsStatement
  | { readonly kind: "child"; readonly group: string; readonly child: string; readonly where: string }
  | { readonly kind: "variable"; readonly group: string; readonly variable: Variable; readonly where: string }
  | {
      /** Of a host that another statement lists. */
      readonly kind: "host-variables";
      readonly host: string;
      readonly variables: readonly Variable[];
      readonly where: string;
    };

export interface HostsStatement {
  readonly kind: "hosts";
  readonly group: string;
  readonly names: readonly string[];
  readonly variables: readonly Variable[];
  readonly where: string;
}

export type SectionKind = "hosts" | "children" | "vars";

/** Where something stands: `file` decides what may contradict what, `where` is for people. */
export interface Place {
  readonly file: string;
  readonly where: string;
}

/** What a source has said so far, while it is read. */
export interface Reading {
  readonly statements: Statement[];
  readonly complaints: Complaint[];
  readonly warnings: string[];
  /** Names in the `hosts` statements, repeats counted. */
  memberships: number;
}

export const emptyReading = (): Reading => ({ statements: [], complaints: [], warnings: [], memberships: 0 });

/** Adds a statement; false, with a complaint, once the source lists more hosts than fit: reading on would cost memory only. */
export const addStatement = (reading: Reading, statement: Statement): boolean => {
  if (statement.kind === "hosts") reading.memberships += statement.names.length;
  if (reading.memberships <= MAX_MEMBERSHIPS) {
    reading.statements.push(statement);
    return true;
  }
  const what = `up to this line the file lists more than ${MAX_MEMBERSHIPS.toLocaleString("en")} hosts, repeats counted`;
  if (!reading.complaints.some((complaint) => complaint.what === what))
    reading.complaints.push(bad(statement.where, what, "look for a mistyped range"));
  return false;
};

/** The statements, or everything that is wrong. */
export const settleReading = ({
  statements,
  complaints,
}: Reading): Result<readonly Statement[], readonly Complaint[]> =>
  complaints.length > 0 ? err(complaints) : ok(statements);

/** A complaint about an inventory. */
export const bad = (where: string, what: string, advice: string): Complaint => ({
  code: "E_INVENTORY",
  what,
  where,
  try: advice,
});
