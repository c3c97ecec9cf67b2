import type { Become } from "../domain/host.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { acceptedName, isHostName } from "./address.ts";
import { badValue, type Claim, claimKey, type GrowingClaims } from "./claims.ts";
import type { Variable } from "./model.ts";
import { show } from "./show.ts";

/** What Ansible's variables say beyond our own settings. */
export interface AnsibleClaims {
  address?: Claim<string>;
  identityFile?: Claim<string>;
  /** `ansible_become`: whether to become root at all. */
  becomes?: Claim<boolean>;
  /** `ansible_become_method`: how, if at all. */
  method?: Claim<Exclude<Become, "none">>;
}

interface Into {
  readonly settings: GrowingClaims;
  readonly ansible: AnsibleClaims;
}

type Read = (into: Into, variable: Variable) => Result<void>;

const methods = ["sudo", "su", "pfexec"] as const;
const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  y: true,
  t: true,
  false: false,
  no: false,
  off: false,
  "0": false,
  n: false,
  f: false,
};

const readAddress: Read = ({ ansible }, { name, value, where }) => {
  if (!isHostName(value)) return err(badValue(name, value, acceptedName, where));
  ansible.address = { value, source: where };
  return ok(undefined);
};

const readIdentity: Read = ({ ansible }, { name, value, where }) => {
  if (value === "" || value.includes("{{"))
    return err(badValue(name, value, "the path of a private key on this machine", where));
  ansible.identityFile = { value, source: where };
  return ok(undefined);
};

const readBecome: Read = ({ ansible }, { name, value, where }) => {
  const becomes = truths[value.toLowerCase()];
  if (becomes === undefined) return err(badValue(name, value, "true or false", where));
  ansible.becomes = { value: becomes, source: where };
  return ok(undefined);
};

const readMethod: Read = ({ ansible }, { name, value, where }) => {
  const method = methods.find((known) => known === value.replace(/^(ansible|community)\.\w+\./, ""));
  if (method === undefined) return err(badValue(name, value, "sudo, su or pfexec", where));
  ansible.method = { value: method, source: where };
  return ok(undefined);
};

/** Of ssh's arguments only the bastions are understood; the words themselves are not repeated in a complaint. */
const readSshArguments: Read = ({ settings }, { name, value, where }) => {
  if (value.trim() === "") return ok(undefined);
  const jump = /^\s*(?:-J\s*|-o\s*ProxyJump[= ]\s*)(\S+)\s*$/.exec(value)?.[1];
  return jump === undefined
    ? err({
        code: "E_SETTING",
        what: `${name}: of ssh's arguments only -J HOST is understood`,
        where,
        try: "take the other arguments out",
      })
    : claimKey(settings, "jump", jump, where, `${name} -J`);
};

const readAs =
  (key: "user" | "port"): Read =>
  ({ settings }, { name, value, where }) =>
    claimKey(settings, key, value, where, name);

/** novasweep is root on a node or nothing. */
const readBecomeUser: Read = (_, { name, value, where }) =>
  value === "root" ? ok(undefined) : err(badValue(name, value, "root", where));

/** Ansible's variables that are understood, weakest first: the names of Ansible 1.x give way to today's. */
const readers: readonly (readonly [name: string, read: Read])[] = [
  ["ansible_ssh_host", readAddress],
  ["ansible_host", readAddress],
  ["ansible_ssh_port", readAs("port")],
  ["ansible_port", readAs("port")],
  ["ansible_ssh_user", readAs("user")],
  ["ansible_user", readAs("user")],
  ["ansible_private_key_file", readIdentity],
  ["ansible_ssh_private_key_file", readIdentity],
  ["ansible_become", readBecome],
  ["ansible_become_method", readMethod],
  ["ansible_become_user", readBecomeUser],
  ["ansible_ssh_common_args", readSshArguments],
];
const understood: ReadonlySet<string> = new Set(readers.map(([name]) => name));

/** Whether a variable of Ansible's means something here. */
export const isUnderstood = (name: string): boolean => understood.has(name);

/** Reads the variables of one host or group that Ansible defines. Errors: `E_SETTING`. */
export const readAnsible = (variables: ReadonlyMap<string, Variable>, into: Into): readonly Complaint[] =>
  readers.flatMap(([name, read]) => {
    const variable = variables.get(name);
    const done = variable === undefined ? ok(undefined) : read(into, variable);
    return done.ok ? [] : [done.error];
  });

/** A warning for a variable of Ansible's that is not understood, or undefined. Its value may be a password: never repeated. */
export const ignoredAnsible = ({ name, value, where }: Variable): string | undefined => {
  if (!name.startsWith("ansible_") || understood.has(name)) return undefined;
  if (name === "ansible_connection" && ["ssh", "smart"].includes(value)) return undefined;
  return /_(ssh_pass|password|pass)$/.test(name)
    ? `${where}: ${show(name)} is ignored: passwords are in no file here; ${/become|sudo|su_/.test(name) ? "--ask-become-pass asks for the one of sudo or su" : "log in with a key or an agent"}`
    : `${where}: ${show(name)} is not understood and is ignored`;
};
