/**
 * What ssh's configuration says of one destination, where there is no ssh to ask: the first value of each keyword in the sections that
 * match (ssh_config(5)). Pure. What takes ssh itself is refused, a `Match exec` first of all: a program is never run from here.
 */
import { SSH_PORT } from "../domain/host.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { globFits } from "../inventory/glob.ts";
import type { ConfigLine } from "./config-lines.ts";
import { matters } from "./content.ts";
import type { Dump } from "./dump.ts";
import type { Destination } from "./evaluator.ts";
import { expandPath, type Standing, type Surroundings } from "./tokens.ts";

/** Keywords that add up; of all others the first value counts. */
const repeated: ReadonlySet<string> = new Set(["identityfile", "certificatefile"]);
/** Keywords that take several words. */
const knownHosts: readonly string[] = ["userknownhostsfile", "globalknownhostsfile"];
const lists: ReadonlySet<string> = new Set([...knownHosts, "proxycommand"]);
const algorithms: ReadonlySet<string> = new Set(["kexalgorithms", "hostkeyalgorithms", "ciphers", "macs"]);
/** Criteria whose patterns are compared in lower case. */
const hostNames: ReadonlySet<string> = new Set(["host", "originalhost"]);
const flags: ReadonlySet<string> = new Set([
  ...["identitiesonly", "canonicalizehostname", "addressfamily", "pubkeyauthentication"],
]);

/** As `ssh -G` would print it, of the keywords that matter here. The error is a phrase. */
export const evaluate = (
  files: readonly (readonly ConfigLine[])[],
  destination: Destination,
  around: Surroundings,
): Result<Dump, string> => {
  const evaluation = new Evaluation(destination, around);
  for (const lines of files) {
    const refused = evaluation.read(lines, true);
    if (refused !== undefined) return err(refused);
  }
  return evaluation.dump();
};

/** The dump of an empty configuration: ssh's own values, which a configuration may say too. */
export const emptyDump = ({ home, localUser }: Pick<Surroundings, "home" | "localUser">): Dump =>
  new Map([
    ["user", [localUser]],
    ["port", [String(SSH_PORT)]],
    ["identitiesonly", ["no"]],
    ["addressfamily", ["any"]],
    ["userknownhostsfile", [`${home}/.ssh/known_hosts ${home}/.ssh/known_hosts2`]],
    ["globalknownhostsfile", ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"]],
  ]);

class Evaluation {
  readonly #destination: Destination;
  readonly #around: Surroundings;
  readonly #values = new Map<string, string[]>();

  constructor(destination: Destination, around: Surroundings) {
    this.#destination = destination;
    this.#around = around;
    if (destination.user !== undefined) this.#values.set("user", [destination.user]);
    if (destination.port !== undefined) this.#values.set("port", [String(destination.port)]);
  }

  /** Takes the lines of a file; `active`: what comes before its first section counts. Gives why not, if it cannot. */
  read(lines: readonly ConfigLine[], active: boolean): string | undefined {
    let counts = active;
    for (const { keyword, words, included } of lines) {
      const matched = keyword === "host" ? this.#isHost(words) : keyword === "match" ? this.#matches(words) : undefined;
      if (typeof matched === "string") return matched;
      // What a section does not include is not looked into: nothing in there can count.
      if (matched !== undefined) counts = active && matched;
      if (!counts) continue;
      const refused = keyword === "include" ? this.#readAll(included) : this.#take(keyword, words);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  dump(): Result<Dump, string> {
    const address = this.#address()?.toLowerCase();
    if (address === undefined) return err(`HostName ${this.#first("hostname")} holds a token besides %h`);
    const dump = new Map([...emptyDump(this.#around), ...this.#values, ["hostname", [address]] as const]);
    for (const keyword of knownHosts) {
      const files = this.#values.get(keyword)?.[0]?.split(" ") ?? [];
      const expanded = files.map((file) => expandPath(file, this.#standing(address)));
      if (expanded.includes(undefined)) return err(`${keyword} ${files.join(" ")} holds a token that is not known`);
      if (files.length > 0) dump.set(keyword, [expanded.join(" ")]);
    }
    return ok(dump);
  }

  #standing(address: string): Standing {
    return {
      ...this.#around,
      address,
      original: this.#destination.destination,
      port: Number(this.#first("port") ?? SSH_PORT),
      user: this.#first("user") ?? this.#around.localUser,
      alias: this.#first("hostkeyalias"),
    };
  }

  #first(keyword: string): string | undefined {
    return this.#values.get(keyword)?.[0];
  }

  #readAll(files: ConfigLine["included"]): string | undefined {
    for (const lines of files) {
      const refused = this.read(lines, true);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  #take(keyword: string, words: readonly string[]): string | undefined {
    if (!matters.has(keyword)) return undefined;
    const known = this.#values.get(keyword);
    if (words.length > 1 && !lists.has(keyword)) return `${keyword} has more than one word`;
    const value = asDumped(keyword, words);
    if (repeated.has(keyword)) {
      if (known === undefined) this.#values.set(keyword, [value]);
      else if (!known.includes(value)) known.push(value);
      return undefined;
    }
    if (known !== undefined || this.#isGoneBefore(keyword)) return undefined;
    const refused = refusalOf(keyword, value);
    if (refused === undefined) this.#values.set(keyword, [value]);
    return refused;
  }

  /** Of ProxyJump and ProxyCommand the first is the way (ssh_config(5), ProxyJump); `ProxyJump none` leaves it open. */
  #isGoneBefore(keyword: string): boolean {
    if (keyword === "proxyjump") return this.#values.has("proxycommand");
    return keyword === "proxycommand" && (this.#first("proxyjump") ?? "none").toLowerCase() !== "none";
  }

  #isHost(patterns: readonly string[]): boolean {
    return listFits(patterns, this.#destination.destination);
  }

  /** Whether all criteria hold; a phrase when that takes ssh. As with ssh, nothing behind one that does not hold is run. */
  #matches(words: readonly string[]): boolean | string {
    const rest = words.flatMap((word) => cutAtEquals(word))[Symbol.iterator]();
    let holds = true;
    for (const attribute of rest) {
      const name = attribute.replace(/^!/, "").toLowerCase();
      if (name === "all") continue;
      // It is only ever so in a second reading, which a canonical name asks for; that is refused elsewhere.
      if (name === "canonical") holds &&= attribute.startsWith("!");
      else if (name === "final") return "Match final takes ssh itself";
      else {
        const { value } = rest.next();
        if (value === undefined) return `Match ${attribute} lacks its pattern`;
        const subject = this.#subject(name);
        if (subject === undefined && !holds) continue;
        if (subject === undefined) return `Match ${name} takes ssh itself`;
        const patterns = hostNames.has(name) ? value.toLowerCase() : value;
        holds &&= listFits(patterns.split(","), subject) !== attribute.startsWith("!");
      }
    }
    return holds;
  }

  #subject(name: string): string | undefined {
    switch (name) {
      case "host":
        return (this.#address() ?? this.#destination.destination).toLowerCase();
      case "originalhost":
        return this.#destination.destination.toLowerCase();
      case "user":
        return this.#first("user") ?? this.#around.localUser;
      case "localuser":
        return this.#around.localUser;
      default:
        return undefined;
    }
  }

  /** Undefined: HostName holds a token other than `%h`. */
  #address(): string | undefined {
    const { destination } = this.#destination;
    const name = this.#first("hostname");
    if (name === undefined) return destination;
    return /%[^h%]|%$/.test(name.replaceAll("%%", ""))
      ? undefined
      : name.replaceAll(/%([h%])/g, (_, token) => (token === "h" ? destination : "%"));
  }
}

const asDumped = (keyword: string, words: readonly string[]): string => {
  const value = words.join(" ");
  if (keyword === "hostkeyalias") return value.toLowerCase();
  if (!flags.has(keyword)) return value;
  const flag = value.toLowerCase();
  return flag === "true" ? "yes" : flag === "false" ? "no" : flag;
};

/** What a value asks for that only ssh can work out. */
const refusalOf = (keyword: string, value: string): string | undefined => {
  if (keyword === "canonicalizehostname" && value !== "no") return "CanonicalizeHostname takes ssh itself";
  if (algorithms.has(keyword) && /^[+^-]/.test(value)) return `${keyword} ${value} takes ssh's own list`;
  if (keyword === "connecttimeout" && !/^\d+$/.test(value)) return `ConnectTimeout ${value} is not in seconds`;
  if (keyword === "port" && !(Number(value) >= 1 && Number(value) <= 65535)) return `Port ${value} is none`;
  return keyword === "user" && value.includes("%") ? `User ${value} holds a token` : undefined;
};

/** `all`, `host` and `a` out of `host=a`. */
const cutAtEquals = (word: string): readonly string[] => {
  const at = word.indexOf("=");
  return at > 0 && /^!?\w+$/.test(word.slice(0, at)) ? [word.slice(0, at), word.slice(at + 1)] : [word];
};

/** As ssh's pattern lists: one that fits and is negated decides against. */
const listFits = (patterns: readonly string[], name: string): boolean => {
  const fits = (pattern: string): boolean => globFits(pattern, name);
  if (patterns.some((pattern) => pattern.startsWith("!") && fits(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && fits(pattern));
};
