import type { AbsPath, HostName } from "./ids.ts";
import type { Settings } from "./settings.ts";

export type Become = "none" | "sudo" | "su" | "pfexec";

/** One node as the inventory describes it: how to reach it, how to become root on it, what should be true of it. */
export interface Host {
  readonly name: HostName;
  /** What is resolved and connected to: `ansible_host`, else the name. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private key files in the order they are offered; empty: the defaults of the transport. */
  readonly identityFiles: readonly AbsPath[];
  readonly become: Become;
  /** `sunssh`: also offer the algorithms of Solaris 11.3's default sshd, for this host only. */
  readonly sshLegacy: "none" | "sunssh";
  readonly settings: Settings;
}
