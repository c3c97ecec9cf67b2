/** The command line of the system's ssh for one host. Its configuration decides what is not said here. */
import type { Host, OpensshDial } from "../../domain/host.ts";
import { becomeWay } from "../become-way.ts";
import type { HostKeyPolicy } from "../host-keys.ts";

export interface OpensshSettings {
  /** `ssh -F`: a file, or `none`; undefined: ssh's own files. */
  readonly configFile: string | undefined;
  /** `--known-hosts`, in place of every other file; undefined: those of ssh's configuration. */
  readonly knownHosts: string | undefined;
  readonly hostKeyPolicy: HostKeyPolicy;
}

/** What holds for every host, whatever the configuration says: nobody is asked, nothing is forwarded, no connection is shared, no host key is changed. */
const always: Readonly<Record<string, string>> = {
  BatchMode: "yes",
  UpdateHostKeys: "no",
  ControlMaster: "no",
  ControlPath: "none",
  ForwardAgent: "no",
  ForwardX11: "no",
  ClearAllForwardings: "yes",
  PermitLocalCommand: "no",
  RemoteCommand: "none",
  RequestTTY: "no",
  EscapeChar: "none",
  ConnectionAttempts: "1",
  // As with ssh2: a dead link shows within 60 s.
  ServerAliveInterval: "15",
  ServerAliveCountMax: "3",
  // Not -v, which a ProxyJump would hand on to an ssh that writes among the node's own words.
  LogLevel: "DEBUG1",
};

/** SunSSH's algorithms behind ssh's own (the sheet of Solaris facts, 6.4); ssh-dss went from OpenSSH and is left out. */
const sunssh: Readonly<Record<string, string>> = {
  KexAlgorithms: "+diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1",
  HostKeyAlgorithms: "+ssh-rsa",
  PubkeyAcceptedAlgorithms: "+ssh-rsa",
  MACs: "+hmac-sha1",
};

/** The words behind `ssh`. `log`: where ssh writes what it does, apart from what the node says. */
export const opensshWords = (
  host: Host,
  dial: OpensshDial,
  settings: OpensshSettings,
  log: string,
): readonly string[] => {
  const { configFile, knownHosts, hostKeyPolicy } = settings;
  const options: Readonly<Record<string, string>> = {
    ...always,
    StrictHostKeyChecking: hostKeyPolicy === "strict" ? "yes" : "accept-new",
    ...(knownHosts === undefined ? {} : { UserKnownHostsFile: quoted(knownHosts), GlobalKnownHostsFile: "none" }),
    ...(dial.identityFiles.length === 0 ? {} : { IdentitiesOnly: "yes" }),
    ...(host.sshLegacy === "sunssh" ? sunssh : {}),
  };
  return [
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...["-T", "-E", log],
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...(dial.user === undefined ? [] : ["-l", dial.user]),
    ...(dial.port === undefined ? [] : ["-p", String(dial.port)]),
    ...(dial.jump === undefined ? [] : dial.jump === "none" ? ["-o", "ProxyJump=none"] : ["-J", dial.jump]),
    ...dial.identityFiles.flatMap((file) => ["-i", file.replaceAll("%", "%%")]),
    ...["--", dial.destination, becomeWay(host, false, "", 0).command],
  ];
};

/** ssh splits the value at blanks and expands what follows a percent sign. */
const quoted = (file: string): string => `"${file.replaceAll("%", "%%").replaceAll(/["\\]/g, "\\$&")}"`;
