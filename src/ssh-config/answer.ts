/** From what ssh's configuration says of one destination to what novasweep does about it. */
import { SSH_PORT } from "../domain/host.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { type JumpWord, jumpChain } from "../inventory/jump.ts";
import type { SshAnswer, SshQuestion } from "../inventory/ssh-defaults.ts";
import { type Dump, difference } from "./dump.ts";
import { expandPath, type Standing, type Surroundings } from "./tokens.ts";

/** An answer whose bastions are still words. */
export interface RawAnswer extends Omit<SshAnswer, "jump"> {
  readonly jump: readonly JumpWord[];
}

/**
 * Reads one dump; `without` is that of any destination without a configuration. The error is a phrase: what the configuration asks for and
 * novasweep cannot do, because doing less than ssh would be going another way than ssh goes.
 */
export const readAnswer = (
  question: SshQuestion,
  dump: Dump,
  without: Dump,
  around: Surroundings,
): Result<RawAnswer, string> => {
  const said = difference(dump, without);
  const one = (keyword: string): string | undefined => noneIsNothing(said.get(keyword)?.at(-1));
  const needs = needsOf(said, question);
  const jump = question.jump ?? jumpChain.parse(one("proxyjump") ?? "none");
  if (jump === undefined) return err(`ProxyJump ${one("proxyjump")} is not ${jumpChain.accepted.replaceAll("`", "")}`);
  const { destination } = question;
  const user = question.user === undefined ? one("user") : undefined;
  const port = question.port === undefined ? one("port") : undefined;
  const address = dump.get("hostname")?.[0] ?? destination;
  const knownAs = one("hostkeyalias");
  const connectTimeout = Number(one("connecttimeout") ?? 0);
  const standing: Standing = {
    ...around,
    original: destination,
    address,
    port: question.port ?? Number(port ?? SSH_PORT),
    user: question.user ?? user ?? around.localUser,
    alias: knownAs,
  };
  const files = expandAll(said.get("identityfile") ?? [], standing);
  if (!files.ok) return files;
  const agent = agentOf(one("identityagent"), said.get("identityagent"), standing);
  if (!agent.ok) return agent;
  return ok({
    jump,
    ...(address.toLowerCase() === destination.toLowerCase() ? {} : { address }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(files.value.length === 0 ? {} : { identityFiles: files.value, identitiesOnly: false }),
    ...(needs === undefined ? {} : { needsOpenssh: needs }),
    ...(one("identitiesonly") === "yes" ? { identitiesOnly: true } : {}),
    ...(agent.value === undefined ? {} : { agentSocket: agent.value }),
    ...(knownAs === undefined ? {} : { knownAs }),
    // 0: no limit of its own.
    ...(connectTimeout === 0 ? {} : { connectTimeoutS: connectTimeout }),
    ...knownHostsOf(said, dump),
    ...algorithmsOf(said),
  });
};

/** What only ssh itself can do, by the name that stands in the configuration. */
const onlySsh: Readonly<Record<string, string>> = {
  proxycommand: "ProxyCommand",
  certificatefile: "CertificateFile",
  pkcs11provider: "PKCS11Provider",
  securitykeyprovider: "SecurityKeyProvider",
  revokedhostkeys: "RevokedHostKeys",
  knownhostscommand: "KnownHostsCommand",
  addressfamily: "AddressFamily",
  bindaddress: "BindAddress",
  bindinterface: "BindInterface",
};

/** What of the configuration only ssh itself can do. */
const needsOf = (said: Dump, { jump }: SshQuestion): string | undefined => {
  const says = (keyword: string): string | undefined => noneIsNothing(said.get(keyword)?.at(-1));
  const asked = Object.keys(onlySsh).filter((keyword) => keyword !== "proxycommand" || jump === undefined);
  const first = asked.find((keyword) => says(keyword) !== undefined);
  const name = first === undefined ? withoutKeys(says) : onlySsh[first];
  return name === undefined ? undefined : `${name} in ssh's configuration`;
};

/** A key is all we have to show; ssh may have another way, or none. */
const withoutKeys = (says: (keyword: string) => string | undefined): string | undefined => {
  if (/^(no|false)$/.test(says("pubkeyauthentication") ?? "")) return "PubkeyAuthentication";
  const preferred = says("preferredauthentications")?.split(",");
  return preferred === undefined || preferred.includes("publickey") ? undefined : "PreferredAuthentications";
};

const noneIsNothing = (value: string | undefined): string | undefined => (value === "none" ? undefined : value);

/** `none` in place of a file: no file. */
const expandAll = (paths: readonly string[], standing: Standing): Result<readonly string[], string> => {
  const expanded: string[] = [];
  for (const path of paths.filter((name) => name !== "none")) {
    const file = expandPath(path, standing);
    if (file === undefined)
      return err(`IdentityFile ${path} holds a variable that is not set, or a token that is not known`);
    expanded.push(file);
  }
  return ok(expanded);
};

/** `none`: no agent; `SSH_AUTH_SOCK`: that of the environment, as without the option (ssh_config(5), IdentityAgent). */
const agentOf = (
  value: string | undefined,
  said: readonly string[] | undefined,
  standing: Standing,
): Result<string | undefined, string> => {
  if (said !== undefined && value === undefined) return ok("none");
  if (value === undefined || value === "SSH_AUTH_SOCK") return ok(undefined);
  const path = value.startsWith("$")
    ? standing.env[value.replace(/^\$\{?(\w+)\}?$/, "$1")]
    : expandPath(value, standing);
  return path === undefined ? err(`IdentityAgent ${value} names nothing`) : ok(path);
};

const algorithmsOf = (said: Dump): Pick<SshAnswer, "algorithms"> => {
  const keywords = { kex: "kexalgorithms", hostKey: "hostkeyalgorithms", cipher: "ciphers", mac: "macs" };
  const lists = Object.entries(keywords).flatMap(([name, keyword]) => {
    const list = said.get(keyword)?.[0];
    return list === undefined ? [] : [[name, list.split(",")] as const];
  });
  return lists.length === 0 ? {} : { algorithms: Object.fromEntries(lists) };
};

/** Both lists as soon as one of them is said: together they are the files in force. */
const knownHostsOf = (said: Dump, dump: Dump): Pick<SshAnswer, "knownHostsFiles" | "newKeys"> => {
  const keywords = ["userknownhostsfile", "globalknownhostsfile"];
  if (!keywords.some((keyword) => said.has(keyword))) return {};
  const [user = [], global = []] = keywords.map((keyword) =>
    (dump.get(keyword)?.[0]?.split(" ") ?? []).filter((file) => file !== "" && file !== "none"),
  );
  return { knownHostsFiles: [...user, ...global], ...(user.length === 0 ? { newKeys: "nowhere" } : {}) };
};
