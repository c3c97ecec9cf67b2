import type { Become } from "../domain/host.ts";
import type { Complaint } from "../domain/result.ts";
import { type AnsibleClaims, ignoredAnsible, readAnsible } from "./ansible-variables.ts";
import { type Claim, type Claims, claim, layer, noClaims } from "./claims.ts";
import type { Variables } from "./model.ts";
import { PREFIX, settingNamed } from "./settings-table.ts";
import { show } from "./show.ts";

/** What one level of the inventory, a group or a host, asks for. */
export interface Level {
  /** Its `ansible_*` variables. */
  readonly ansible: Claims;
  readonly extra: Readonly<AnsibleClaims>;
  /** Its `novasweep_*` variables; they win over the `ansible_*` ones of the same level. */
  readonly own: Claims;
}

/** Collects what is wrong, each thing once however many hosts share the line. */
export interface Findings {
  readonly complaints: Map<string, Complaint>;
  /** By name of the variable: one warning each. */
  readonly warnings: Map<string, string>;
}

/** Reads the variables of one group or host. Variables that are neither ours nor Ansible's are ignored. */
export const readLevel = (variables: Variables, { complaints, warnings }: Findings): Level => {
  const ansible = noClaims();
  const extra: AnsibleClaims = {};
  const own = noClaims();
  const wrong = [...readAnsible(variables, { settings: ansible, ansible: extra })];
  for (const variable of variables.values()) {
    const { name, value, where } = variable;
    if (name.startsWith(PREFIX)) {
      const done = claim(own, name.slice(PREFIX.length), value, where, name);
      if (!done.ok) wrong.push(done.error);
    } else if (!warnings.has(name)) {
      const warning = ignoredAnsible(variable) ?? withoutPrefix(name, where);
      if (warning !== undefined) warnings.set(name, warning);
    }
  }
  for (const complaint of wrong) complaints.set(`${complaint.where}\n${complaint.what}`, complaint);
  return { ansible, extra, own };
};

/** Names that nobody but us uses: without the prefix they are most likely a slip. */
const withoutPrefix = (name: string, where: string): string | undefined =>
  /^(cache|cleaner|legacy)_/.test(name) && settingNamed(name) !== undefined
    ? `${where}: ${show(name)} is ignored; in an inventory it is written ${PREFIX}${name}`
    : undefined;

/** What several levels, or all sources, ask for together. */
export interface Asked {
  readonly settings: Claims;
  readonly extra: Readonly<AnsibleClaims>;
}

/** Puts levels, weakest first, over what weaker sources ask for. */
export const joinLevels = (weaker: Asked, levels: readonly Level[]): Asked => {
  let { settings, extra } = weaker;
  for (const level of levels) {
    extra = { ...extra, ...level.extra };
    const become = level.extra.becomes || level.extra.method ? ansibleBecome(extra, settings.values.become) : undefined;
    const asClaims = become ? { values: { become: become.value }, sources: { become: become.source } } : noClaims();
    settings = layer(settings, level.ansible, asClaims, level.own);
  }
  return { settings, extra };
};

/**
 * `ansible_become` says whether, `ansible_become_method` how; each may come from another level. A method alone
 * replaces a way that a weaker level chose, but does not ask to become root.
 */
const ansibleBecome = ({ becomes, method }: AnsibleClaims, weaker: Become | undefined): Claim<Become> | undefined => {
  if (becomes?.value === false) return { value: "none", source: becomes.source };
  if (becomes?.value === true) return method ?? { value: "sudo", source: becomes.source };
  return method !== undefined && weaker !== undefined && weaker !== "none" ? method : undefined;
};
