/** What only the system's ssh can use of an operator's files: certificates, FIDO keys, authorities that vouch for host keys. */
import { existsSync, readFileSync } from "node:fs";
import type { Endpoint } from "../domain/host.ts";
import type { HostKeyFiles } from "./host-keys.ts";

/** Looks at files once a run. */
export class OpensshNeeds {
  readonly #defaults: readonly string[];
  readonly #hostKeys: HostKeyFiles;
  readonly #seen = new Map<string, string | undefined>();

  /** `defaultIdentityFiles`: of a server that names none. */
  constructor(defaultIdentityFiles: readonly string[], hostKeys: HostKeyFiles) {
    this.#defaults = defaultIdentityFiles;
    this.#hostKeys = hostKeys;
  }

  /** The first reason among a host and the bastions on its way. */
  async ofAny(servers: readonly Endpoint[]): Promise<string | undefined> {
    for (const server of servers) {
      const why = await this.of(server);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  /** Why ssh itself is needed for this server: a phrase; undefined: ssh2 does. Files that cannot be read ask for nothing. */
  async of(server: Endpoint): Promise<string | undefined> {
    const files = server.identityFiles.length > 0 ? server.identityFiles : this.#defaults;
    const known = this.#hostKeys.of(server);
    const loaded = (await known.load()) === undefined;
    return (
      this.#ofKeys(files) ?? (loaded && known.isOnlyVouchedFor(server) ? "@cert-authority in known_hosts" : undefined)
    );
  }

  #ofKeys(files: readonly string[]): string | undefined {
    for (const file of files) {
      const need = this.#seen.has(file) ? this.#seen.get(file) : ofKey(file);
      this.#seen.set(file, need);
      if (need !== undefined) return need;
    }
    return undefined;
  }
}

/** ssh loads the certificate beside a key by itself (ssh_config(5), IdentityFile). */
const ofKey = (file: string): string | undefined => {
  if (existsSync(`${file}-cert.pub`)) return `the certificate ${file}-cert.pub`;
  try {
    return readFileSync(`${file}.pub`, "utf8").startsWith("sk-") ? `the FIDO key ${file}` : undefined;
  } catch {
    return undefined;
  }
};
