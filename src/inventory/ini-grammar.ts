import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { looksLikeYaml } from "./format.ts";
import { parseHostWord } from "./host-word.ts";
import { type Line, significantLines } from "./lines.ts";
import type { Variable } from "./model.ts";
import { literal } from "./python-literal.ts";
import { shellWords } from "./shell-words.ts";
import { show } from "./show.ts";
import {
  addStatement,
  bad,
  emptyReading,
  type Place,
  type SectionKind,
  type Statement,
  settleReading,
} from "./statement.ts";

/** The section a line stands in. */
interface Section {
  readonly group: string;
  readonly of: SectionKind;
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
  if (first && looksLikeYaml(first.text)) return err([otherFormat(`${file}:${first.number}`)]);

  const reading = emptyReading();
  let section: Section | undefined = { group: "ungrouped", of: "hosts" };
  for (const line of lines.value) {
    const place = { file, where: `${file}:${line.number}` };
    const header = parseHeader(line, place);
    // Lines below a header that is not understood could mean anything: the header is complained of, they are not.
    if (header !== undefined) section = header.ok ? header.value : undefined;
    const found: Result<Statement> | undefined = header ?? (section && parseLine(line.text, section, place));
    if (found === undefined) continue;
    if (!found.ok) reading.complaints.push(found.error);
    else if (!addStatement(reading, found.value)) break;
  }
  return settleReading(reading);
};

/** Undefined: the line is no section header. */
const parseHeader = ({ text }: Line, place: Place): Result<Extract<Statement, { kind: "group" }>> | undefined => {
  const header = sectionHeader.exec(text);
  if (!header?.[1])
    return text.startsWith("[") && text.endsWith("]")
      ? err(
          bad(
            place.where,
            "the section header is not understood",
            "write [group], [group:vars] or [group:children], without blanks",
          ),
        )
      : undefined;
  const of = header[2] ?? "hosts";
  return of === "hosts" || of === "children" || of === "vars"
    ? ok({ kind: "group", group: header[1], of, where: place.where })
    : err(
        bad(
          place.where,
          `sections of kind ${show(of)} do not exist`,
          "write [group], [group:vars] or [group:children]",
        ),
      );
};

const parseLine = (text: string, { group, of }: Section, place: Place): Result<Statement> => {
  switch (of) {
    case "hosts":
      return parseHosts(text, group, place);
    case "children": {
      const child = groupLine.exec(text)?.[1];
      return child === undefined
        ? err(
            bad(place.where, "a line of a :children section is not the name of a group", "write one group name a line"),
          )
        : ok({ kind: "child", group, child, where: place.where });
    }
    case "vars": {
      const variable = assignment(text, place);
      return variable === undefined
        ? err(bad(place.where, "a line of a :vars section is not key=value", "write key=value"))
        : ok({ kind: "variable", group, variable, where: place.where });
    }
  }
};

const parseHosts = (text: string, group: string, place: Place): Result<Statement> => {
  const words = shellWords(text);
  if (!words.ok)
    return err(
      bad(place.where, `the host line cannot be split into words: ${words.error}`, "quote values as a shell would"),
    );
  const [word = "", ...assignments] = words.value;
  if (word.endsWith(":")) return err(otherFormat(place.where));
  const hosts = parseHostWord(word, place);
  if (!hosts.ok) return hosts;
  const variables = [...hosts.value.variables];
  for (const [index, pair] of assignments.entries()) {
    const variable = assignment(pair, place);
    // The word itself is not repeated: it may be the second half of a password.
    if (variable === undefined)
      return err(
        bad(
          place.where,
          `word ${index + 2} of the host line is not key=value`,
          "write key=value without blanks around =, and quote a value that holds blanks",
        ),
      );
    variables.push(variable);
  }
  return ok({ kind: "hosts", group, names: hosts.value.names, variables, where: place.where });
};

const assignment = (text: string, place: Place): Variable | undefined => {
  const at = text.indexOf("=");
  const name = text.slice(0, Math.max(at, 0)).trim();
  return name === "" ? undefined : { name, value: literal(text.slice(at + 1).trim()), ...place };
};

const otherFormat = (where: string): Complaint =>
  bad(
    where,
    "this looks like a YAML or JSON inventory, but is read as INI because of its name",
    "end the name in .yml, .yaml or .json, or in nothing",
  );
