import type { AbsPath, HostName, Seconds } from "./ids.ts";
import type { Settings } from "./settings.ts";

export type Become = "none" | "sudo" | "su" | "pfexec";

/** SSH's own port. */
export const SSH_PORT = 22;

/** What ssh_config(5) has under KexAlgorithms, HostKeyAlgorithms, Ciphers and MACs. */
export interface AlgorithmLists {
  readonly kex?: readonly string[];
  readonly hostKey?: readonly string[];
  readonly cipher?: readonly string[];
  readonly mac?: readonly string[];
}

/** An SSH server and who logs in there: a node, or a bastion on the way to one. */
export interface Endpoint {
  /** What is resolved and connected to. Behind a bastion, the last one does both. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private key files in the order they are offered; empty: the defaults of the transport. */
  readonly identityFiles: readonly AbsPath[];
  /** `sunssh`: also offer the algorithms of Solaris 11.3's default sshd, for this host only. */
  readonly sshLegacy: "none" | "sunssh";
  /** Offer the keys of the files only, and of an agent those only that the files name. Absent: when there are files. */
  readonly identitiesOnly?: boolean;
  /** The agent's socket, or `none`; absent: the environment's. */
  readonly agentSocket?: AbsPath;
  /** The name its host key is known by, without a port (HostKeyAlias); absent: address and port. */
  readonly knownAs?: string;
  /** Algorithms in the order they are to be asked for, by their names in RFC 4253 and of OpenSSH; a list that is absent: ours. */
  readonly algorithms?: AlgorithmLists;
  /** Longest wait in each layer up to its key exchange; absent, or longer than the run's: the run's. */
  readonly connectTimeoutS?: Seconds;
  /** known_hosts files in place of the run's. */
  readonly knownHostsFiles?: readonly AbsPath[];
  /** None of them is the user's own: a new key cannot be recorded, and so not accepted. Absent: the first is. */
  readonly newKeys?: "nowhere";
}

/** How the system's ssh is called for a host. What is absent its configuration decides. */
export interface OpensshDial {
  /** What it knows the host by. */
  readonly destination: string;
  readonly user?: string;
  readonly port?: number;
  /** As its -J takes them; `none`: straight. */
  readonly jump?: string;
  /** Empty: those of its configuration. */
  readonly identityFiles: readonly AbsPath[];
  /** Why not over ssh2: a phrase. */
  readonly why: string;
}

/** One node as the inventory describes it: how to reach it, how to become root on it, what should be true of it. */
export interface Host extends Endpoint {
  readonly name: HostName;
  /** The bastions on the way, the first one to connect to first; empty: none. */
  readonly jump: readonly Endpoint[];
  readonly become: Become;
  /** It is reached through the system's ssh; absent: over ssh2. */
  readonly openssh?: OpensshDial;
  readonly settings: Settings;
}
