/** Which of the selected hosts are reached through the system's ssh; and the transport that does both. */
import { resolve } from "node:path";
import type { Endpoint, Host } from "../domain/host.ts";
import { foldHosts } from "../domain/host-set.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { visibleSafe } from "../domain/safe-text.ts";
import type { ResolvedHost } from "../inventory/settle.ts";
import { findSsh } from "../ssh-config/run-ssh.ts";
import { byHost } from "../transport/by-host.ts";
import { HostKeyFiles } from "../transport/host-keys.ts";
import type { KnownFiles } from "../transport/known-files.ts";
import { OpensshNeeds } from "../transport/needs-openssh.ts";
import { createOpensshTransport } from "../transport/openssh/openssh.ts";
import { PasswordGate } from "../transport/password-gate.ts";
import { createSshTransport } from "../transport/ssh.ts";
import type { Clocks, Transport } from "../transport/transport.ts";
import type { Access } from "./access.ts";
import type { Io } from "./io.ts";
import { defaultIdentityFiles } from "./keys.ts";
import { knownHostsOf } from "./known-hosts.ts";
import type { Connection, Selection } from "./request.ts";

type Request = Connection & Pick<Selection, "sshConfig">;

/** The hosts with their ways, which is said of those that ssh itself is called for. Contacts no host. Errors: `E_SETTING` without an ssh. */
export const chooseWays = async (
  resolved: readonly ResolvedHost[],
  request: Request,
  io: Io,
  knownFiles: KnownFiles,
): Promise<Result<readonly Host[], readonly Complaint[]>> => {
  const { knownHostsFiles, knownHostsForAll } = knownHostsOf(request, io);
  const needs = new OpensshNeeds(
    defaultIdentityFiles(io),
    new HostKeyFiles(knownHostsFiles, request.hostKeyPolicy, knownHostsForAll, { read: knownFiles }),
  );
  const hosts: Host[] = [];
  for (const { host, dial } of resolved) {
    const why = host.openssh === undefined && dial !== undefined ? await needs.ofAny([host, ...host.jump]) : undefined;
    hosts.push(why === undefined || dial === undefined ? host : { ...host, openssh: { ...dial, why } });
  }
  const through = hosts.filter(({ openssh }) => openssh !== undefined);
  if (through.length > 0 && findSsh(io.env["PATH"]) === undefined) return err([noSsh(through)]);
  for (const line of saidOf(through)) io.stderr.write(`novasweep: ${visibleSafe(line)}\n`);
  return ok(hosts);
};

const noSsh = (through: readonly Host[]): Complaint => ({
  code: "E_SETTING",
  what: `${foldHosts(through.map(({ name }) => name))} can only be reached by the system's ssh (${through[0]?.openssh?.why}), and there is none`,
  try: "install OpenSSH's client",
});

const saidOf = (through: readonly Host[]): readonly string[] => {
  const byReason = new Map<string, string[]>();
  for (const { name, openssh } of through) {
    const names = byReason.get(openssh?.why ?? "");
    if (names === undefined) byReason.set(openssh?.why ?? "", [name]);
    else names.push(name);
  }
  return [...byReason].map(([why, names]) => `${foldHosts(names)}: through the system's ssh (${why})`);
};

/** The servers that novasweep itself logs in to; ssh opens its keys by itself. */
export const loginsOf = (hosts: readonly Host[]): readonly Endpoint[] =>
  hosts.flatMap((host) => (host.openssh === undefined ? [...host.jump, host] : []));

const absolute = (file: string | undefined, { workingDirectory }: Io): string | undefined =>
  file === undefined ? undefined : resolve(workingDirectory, file);

/** The transport of a run. */
export const transportFor = (
  request: Request,
  io: Io,
  { becomePassword, ...access }: Access,
  clocks: Clocks,
): Transport => {
  const common = {
    clocks,
    // One for both ways: an account is locked by tries, however they come.
    gate: becomePassword && new PasswordGate(becomePassword),
    connectParallel: request.connectParallel,
    hostKeyPolicy: request.hostKeyPolicy,
  };
  return byHost(
    createSshTransport({
      ...common,
      ...knownHostsOf(request, io),
      ...access,
    }),
    createOpensshTransport({
      ...common,
      ssh: findSsh(io.env["PATH"]) ?? "/usr/bin/ssh",
      env: io.env,
      // A file in front of it includes it, and that would be relative to ~/.ssh.
      configFile: request.sshConfig === "none" ? "none" : absolute(request.sshConfig, io),
      knownHosts: absolute(request.knownHosts, io),
    }),
  );
};
