/** The command line of the system's ssh for one host. Its configuration decides what is not said here. */
import type { Host, OpensshDial } from "../../domain/host.ts";
import type { BecomeWay } from "../become-way.ts";
import type { HostKeyPolicy } from "../host-keys.ts";

export interface OpensshSettings {
  /** `ssh -F`: a file, or `none`; undefined: ssh's own files. */
  readonly configFile: string | undefined;
  /** `--known-hosts`, in place of every other file; undefined: those of ssh's configuration. */
  readonly knownHosts: string | undefined;
  readonly hostKeyPolicy: HostKeyPolicy;
}

/**
 * What holds whatever the configuration says, for the host and for every bastion on its way: nobody is asked, every host key is checked,
 * nothing is forwarded, no connection is shared. The ssh that a ProxyJump starts takes none of our words, only the file (ssh(1), -J).
 */
const trust: Readonly<Record<string, string>> = {
  BatchMode: "yes",
  NoHostAuthenticationForLocalhost: "no",
  VerifyHostKeyDNS: "no",
  UpdateHostKeys: "no",
  ControlMaster: "no",
  ControlPath: "none",
  ForwardAgent: "no",
  ForwardX11: "no",
  GSSAPIDelegateCredentials: "no",
  Tunnel: "no",
  PermitLocalCommand: "no",
  ConnectionAttempts: "1",
  // As with ssh2: a dead link shows within 60 s.
  ServerAliveInterval: "15",
  ServerAliveCountMax: "3",
};

/** What the session is: a shell that reads the script. */
const session: Readonly<Record<string, string>> = {
  // Before OpenSSH 8.7 they are not known, and cannot be said otherwise.
  IgnoreUnknown: "StdinNull,ForkAfterAuthentication,SessionType",
  StdinNull: "no",
  ForkAfterAuthentication: "no",
  SessionType: "default",
  ClearAllForwardings: "yes",
  RemoteCommand: "none",
  EscapeChar: "none",
  // Not -v, which a ProxyJump would hand on to an ssh that writes among the node's own words.
  LogLevel: "DEBUG1",
};

/** ssh's own files, the stronger first (ssh_config(5)). */
const OWN_FILES = ["~/.ssh/config", "/etc/ssh/ssh_config"];

/** A configuration in front of the operator's: of each keyword the first value counts. */
export const opensshConfig = ({ configFile, knownHosts, hostKeyPolicy }: OpensshSettings): string => {
  const files = configFile === undefined ? OWN_FILES : [configFile].filter((file) => file !== "none");
  const ours = {
    ...trust,
    StrictHostKeyChecking: hostKeyPolicy === "strict" ? "yes" : "accept-new",
    ...(knownHosts === undefined ? {} : { UserKnownHostsFile: quoted(knownHosts), GlobalKnownHostsFile: "none" }),
  };
  return [
    ...Object.entries(ours).map(([keyword, value]) => `${keyword} ${value}`),
    ...files.map((file) => `Include ${file.startsWith("~") ? file : pattern(file)}`),
    "",
  ].join("\n");
};

/** SunSSH's algorithms behind ssh's own (the sheet of Solaris facts, 6.4); ssh-dss went from OpenSSH and is left out. */
const sunssh: Readonly<Record<string, string>> = {
  KexAlgorithms: "+diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1",
  HostKeyAlgorithms: "+ssh-rsa",
  PubkeyAcceptedAlgorithms: "+ssh-rsa",
  MACs: "+hmac-sha1",
};

/** The words behind `ssh`. `config`: a file with `opensshConfig`; `log`: where ssh writes what it does, apart from what the node says. */
export const opensshWords = (
  host: Host,
  dial: OpensshDial,
  { command, pty }: Pick<BecomeWay, "command" | "pty">,
  { config, log }: { readonly config: string; readonly log: string },
): readonly string[] => {
  const options: Readonly<Record<string, string>> = {
    ...session,
    RequestTTY: pty ? "force" : "no",
    ...(dial.identityFiles.length === 0 ? {} : { IdentitiesOnly: "yes" }),
    ...(host.sshLegacy === "sunssh" ? sunssh : {}),
  };
  return [
    ...["-F", config, pty ? "-tt" : "-T", "-E", log],
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...(dial.user === undefined ? [] : ["-l", dial.user]),
    ...(dial.port === undefined ? [] : ["-p", String(dial.port)]),
    ...(dial.jump === undefined ? [] : ["-o", `ProxyJump=${dial.jump}`]),
    ...dial.identityFiles.flatMap((file) => ["-i", file.replaceAll("%", "%%")]),
    ...["--", dial.destination, command],
  ];
};

/** ssh splits the value at blanks and expands what follows a percent sign. */
const quoted = (file: string): string => `"${file.replaceAll("%", "%%").replaceAll(/["\\]/g, "\\$&")}"`;

/** Include takes patterns, and words. */
const pattern = (file: string): string => `"${file.replaceAll(/[*?["\\]/g, "\\$&")}"`;
