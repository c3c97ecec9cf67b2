import { isBlank, skipBlanks, trim } from "./nova-conf-bytes.ts";
import { err, ok, type Result } from "./result.ts";

/**
 * What nova-compute's start method (Kilo, Mitaka) reads: it parses nova.conf a second time, with Python 2's ConfigParser,
 * whose rules differ from oslo.config's. The value, undefined when the key is not there; the error is a sentence.
 * `text` holds one character a byte. 20,000 generated files read the same with Python 2.7.18. `%(x)s` is not followed.
 */
export const readAsStartMethod = (text: string, section: string, key: string): Result<string | undefined, string> => {
  const sections = new Map<string, Map<string, string[]>>([["DEFAULT", new Map()]]);
  let options: Map<string, string[]> | undefined;
  let open: string[] | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (trim(line) === "" || line.startsWith("#") || line.startsWith(";") || isRemark(line)) continue;
    if (isBlank(line[0]) && open !== undefined) {
      open.push(trim(line));
      continue;
    }
    // [name] counts wherever its first closing bracket is, whatever follows
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      options = sections.get(header) ?? new Map();
      sections.set(header, options);
      open = undefined;
      continue;
    }
    const separator = line.search(/[:=]/);
    if (options === undefined || separator < 1 || isBlank(line[0])) return err(`it refuses line ${index + 1}`);
    open = [withoutRemark(line.slice(separator + 1))];
    options.set(trim(line.slice(0, separator)).toLowerCase(), open);
  }
  const found = sections.get(section);
  if (found === undefined) return err(`it finds no section [${section}]`);
  return ok((found.get(key) ?? sections.get("DEFAULT")?.get(key))?.join("\n"));
};

/** `rem …`, in any case, at the very start of a line. */
const isRemark = (line: string): boolean => /^rem(?:[ \t\v\f\r]|$)/i.test(line);

/** The value without blanks around it, and without what follows its first `;` when a blank stands before that. */
const withoutRemark = (rest: string): string => {
  const value = rest.slice(skipBlanks(rest));
  const semicolon = value.indexOf(";");
  // Python's value[-1]: a leading semicolon is judged by the value's last character
  const cut = semicolon >= 0 && isBlank(value.at(semicolon - 1));
  const kept = trim(cut ? value.slice(0, semicolon) : value);
  return kept === '""' ? "" : kept;
};
