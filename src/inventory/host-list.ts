import type { HostName } from "../domain/ids.ts";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import type { ReadFile } from "./files.ts";
import { significantLines } from "./lines.ts";
import { type Inventory, MAX_HOSTS, MAX_MEMBERSHIPS } from "./model.ts";
import { nearest } from "./nearest.ts";
import { expandNodeSet } from "./node-set.ts";
import { oneOf, show } from "./show.ts";
import { splitPattern } from "./split-pattern.ts";
import type { Said } from "./terms.ts";
import { unreadable } from "./unreadable.ts";

/** Complaints about one list: the search for the nearest names costs, and more are not read. */
const MAX_COMPLAINTS = 20;

/**
 * The hosts that a file lists: names or node sets, one a line, so that what a summary prints can be kept in one. `#` begins
 * a comment. Each has to be in the inventory. Errors: `E_PATTERN`, with `file:line`.
 */
export const readHostList = (
  file: string,
  said: Said,
  inventory: Inventory,
  read: ReadFile,
  mayBeEmpty: boolean,
): Result<ReadonlySet<HostName>, readonly Complaint[]> => {
  const found = read(file);
  if (found.kind !== "bytes") return err([unreadable("E_PATTERN", `${said} ${show(`@${file}`)}`, found)]);
  const lines = significantLines(found.bytes, file, "E_PATTERN", "name a text file with one host name a line");
  if (!lines.ok) return err([lines.error]);

  const hosts = new Set<HostName>();
  const complaints: Complaint[] = [];
  let names = 0;
  for (const { number, text } of lines.value) {
    if (complaints.length >= MAX_COMPLAINTS) break;
    const wrong = (what: string, advice: string): void => {
      complaints.push({ code: "E_PATTERN", what, where: `${file}:${number}`, try: advice });
    };
    const expanded = namesOn(text);
    if (!expanded.ok) {
      wrong(`${show(text)}: ${expanded.error}`, "write one host name or node set a line");
      continue;
    }
    names += expanded.value.length;
    if (names > MAX_MEMBERSHIPS) {
      wrong(`up to this line the file lists more than ${MAX_MEMBERSHIPS.toLocaleString("en")} names`, "shorten it");
      break;
    }
    const unknown = expanded.value.find((name) => !inventory.hosts.has(name));
    if (unknown === undefined) for (const name of expanded.value) hosts.add(name);
    else wrong(`${show(unknown)} is not a host of the inventory`, adviceOn(unknown, inventory));
  }
  if (isNonEmpty(complaints)) return err(complaints);
  return hosts.size > 0 || mayBeEmpty
    ? ok(hosts)
    : err([{ code: "E_PATTERN", what: "the file lists no hosts", where: file, try: "write one host name a line" }]);
};

const namesOn = (line: string): Result<readonly string[], string> => {
  const names: string[] = [];
  for (const word of splitPattern(line.replace(/\s#.*$/, ""))) {
    const expanded = expandNodeSet(word, MAX_HOSTS);
    if (!expanded.ok) return expanded;
    names.push(...expanded.value);
  }
  return ok(names);
};

const adviceOn = (name: string, inventory: Inventory): string => {
  if (inventory.groups.has(name)) return `it is a group: name it as a pattern, a file lists hosts`;
  const close = nearest(name, inventory.hosts.keys());
  return close.length > 0 ? `did you mean ${oneOf(close)}?` : "novasweep inventory lists every host";
};
