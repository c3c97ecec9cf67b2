import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { acceptedName, isHostName, splitPort } from "./address.ts";
import { type Line, significantLines } from "./lines.ts";
import { MAX_HOSTS, MAX_MEMBERSHIPS, type Variable } from "./model.ts";
import { literal } from "./python-literal.ts";
import { expandRanges } from "./ranges.ts";
import { shellWords } from "./shell-words.ts";
import { show } from "./show.ts";

/** What one line of an inventory says. `where` is `file:line`. */
export type Statement =
  | { readonly kind: "group"; readonly group: string; readonly of: SectionKind; readonly where: string }
  | {
      readonly kind: "hosts";
      readonly group: string;
      readonly names: readonly string[];
      readonly variables: readonly Variable[];
      readonly where: string;
    }
  | { readonly kind: "child"; readonly group: string; readonly child: string; readonly where: string }
  | { readonly kind: "variable"; readonly group: string; readonly variable: Variable; readonly where: string };

type SectionKind = "hosts" | "children" | "vars";

/** The section a line stands in. */
interface Section {
  readonly group: string;
  readonly of: SectionKind;
}

/** A line's place, for statements and complaints. */
interface Place {
  readonly file: string;
  readonly where: string;
}

const sectionHeader = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/;
const groupLine = /^([^:\]\s]+)\s*(?:#.*)?$/;

/**
 * Reads Ansible's INI inventory grammar: one statement a line, nothing merged yet. All bad lines are reported.
 * Errors: `E_INVENTORY`.
 * @see ansible lib/ansible/plugins/inventory/ini.py
 */
export const parseIni = (bytes: Uint8Array, file: string): Result<readonly Statement[], readonly Complaint[]> => {
  const lines = significantLines(bytes, file, "E_INVENTORY");
  if (!lines.ok) return err([lines.error]);
  const first = lines.value[0];
  if (first && /^(---|[{]|[A-Za-z_]+:$)/.test(first.text)) return err([otherFormat(`${file}:${first.number}`)]);

  const statements: Statement[] = [];
  const complaints: Complaint[] = [];
  let section: Section | undefined = { group: "ungrouped", of: "hosts" };
  let memberships = 0;
  for (const line of lines.value) {
    const place = { file, where: `${file}:${line.number}` };
    const header = parseHeader(line, place);
    // Lines below a header that is not understood could mean anything: the header is complained of, they are not.
    if (header !== undefined) section = header.ok ? header.value : undefined;
    const found: Result<Statement> | undefined = header ?? (section && parseLine(line.text, section, place));
    if (found === undefined) continue;
    if (!found.ok) {
      complaints.push(found.error);
      continue;
    }
    if (found.value.kind === "hosts") memberships += found.value.names.length;
    if (memberships > MAX_MEMBERSHIPS) {
      complaints.push(
        bad(
          place,
          `up to this line the file lists more than ${MAX_MEMBERSHIPS.toLocaleString("en")} hosts, repeats counted`,
          "look for a mistyped range",
        ),
      );
      break;
    }
    statements.push(found.value);
  }
  return complaints.length > 0 ? err(complaints) : ok(statements);
};

/** Undefined: the line is no section header. */
const parseHeader = ({ text }: Line, place: Place): Result<Extract<Statement, { kind: "group" }>> | undefined => {
  const header = sectionHeader.exec(text);
  if (!header?.[1])
    return text.startsWith("[") && text.endsWith("]")
      ? err(
          bad(
            place,
            "the section header is not understood",
            "write [group], [group:vars] or [group:children], without blanks",
          ),
        )
      : undefined;
  const of = header[2] ?? "hosts";
  return of === "hosts" || of === "children" || of === "vars"
    ? ok({ kind: "group", group: header[1], of, where: place.where })
    : err(bad(place, `sections of kind ${show(of)} do not exist`, "write [group], [group:vars] or [group:children]"));
};

const parseLine = (text: string, { group, of }: Section, place: Place): Result<Statement> => {
  switch (of) {
    case "hosts":
      return parseHosts(text, group, place);
    case "children": {
      const child = groupLine.exec(text)?.[1];
      return child === undefined
        ? err(bad(place, "a line of a :children section is not the name of a group", "write one group name a line"))
        : ok({ kind: "child", group, child, where: place.where });
    }
    case "vars": {
      const variable = assignment(text, place);
      return variable === undefined
        ? err(bad(place, "a line of a :vars section is not key=value", "write key=value"))
        : ok({ kind: "variable", group, variable, where: place.where });
    }
  }
};

const parseHosts = (text: string, group: string, place: Place): Result<Statement> => {
  const words = shellWords(text);
  if (!words.ok)
    return err(bad(place, `the host line cannot be split into words: ${words.error}`, "quote values as a shell would"));
  const [word = "", ...assignments] = words.value;
  if (word.endsWith(":")) return err(otherFormat(place.where));
  const target = splitPort(word);
  if (!target.ok) return err(bad(place, target.error, "write name:port with a port of 1 to 65535"));
  const names = expandRanges(target.value.name, MAX_HOSTS);
  if (!names.ok)
    return err(
      bad(
        place,
        names.error,
        `a range is [01:20], [a:f] or [01:20:2]; an inventory holds at most ${MAX_HOSTS.toLocaleString("en")} hosts`,
      ),
    );
  const unfit = names.value.find((name) => !isHostName(name));
  if (unfit !== undefined)
    return err(bad(place, `${show(unfit)} cannot be the name of a host`, `accepted: ${acceptedName}`));

  const variables: Variable[] = [];
  if (target.value.port !== undefined) variables.push({ name: "ansible_port", value: target.value.port, ...place });
  for (const [index, pair] of assignments.entries()) {
    const variable = assignment(pair, place);
    // The word itself is not repeated: it may be the second half of a password.
    if (variable === undefined)
      return err(
        bad(
          place,
          `word ${index + 2} of the host line is not key=value`,
          "write key=value without blanks around =, and quote a value that holds blanks",
        ),
      );
    variables.push(variable);
  }
  return ok({ kind: "hosts", group, names: names.value, variables, where: place.where });
};

const assignment = (text: string, place: Place): Variable | undefined => {
  const at = text.indexOf("=");
  const name = text.slice(0, Math.max(at, 0)).trim();
  return name === "" ? undefined : { name, value: literal(text.slice(at + 1).trim()), ...place };
};

const bad = ({ where }: Pick<Place, "where">, what: string, advice: string): Complaint => ({
  code: "E_INVENTORY",
  what,
  where,
  try: advice,
});

const otherFormat = (where: string): Complaint => ({
  code: "E_INVENTORY",
  what: "this looks like a YAML or JSON inventory, which this version does not read",
  where,
  try: "write it in INI: ansible-inventory --list shows the hosts and variables to carry over",
});
