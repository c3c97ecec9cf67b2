/** known_hosts files on disk: each list of them is read once for a run, whoever asks. */
import { open } from "node:fs/promises";
import type { Failure } from "../domain/outcome.ts";
import { errorCode } from "./error-code.ts";
import { KnownHosts } from "./known-hosts.ts";

/** A known_hosts of 10,000 hosts with three keys each is 8 MiB. */
const MAX_KNOWN_HOSTS_BYTES = 64 * 1024 ** 2;

/** The keys in one list of files, in the order of trust. */
export class KnownList {
  readonly known: KnownHosts = new KnownHosts();
  readonly #files: readonly string[];
  #loaded: Promise<Failure | undefined> | undefined;

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** Reads the files, once. A file that is there but cannot be read is a failure: it may hold revoked keys. */
  load(): Promise<Failure | undefined> {
    this.#loaded ??= this.#readAll();
    return this.#loaded;
  }

  async #readAll(): Promise<Failure | undefined> {
    for (const file of this.#files) {
      try {
        this.known.read(await readBounded(file), file);
      } catch (error) {
        if (errorCode(error) === "ENOENT") continue;
        return {
          code: "E_HOSTKEY",
          message: `cannot read the known host keys in ${file}: ${errorCode(error)}`,
          try: "make the file readable, or name another with --known-hosts",
        };
      }
    }
    return undefined;
  }
}

/** All lists of one run. */
export class KnownFiles {
  readonly #lists = new Map<string, KnownList>();

  of(files: readonly string[]): KnownList {
    const key = JSON.stringify(files);
    const list = this.#lists.get(key) ?? new KnownList(files);
    this.#lists.set(key, list);
    return list;
  }
}

const readBounded = async (file: string): Promise<string> => {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > MAX_KNOWN_HOSTS_BYTES) throw Object.assign(new Error("too large"), { code: "EFBIG" });
    return await handle.readFile("latin1");
  } finally {
    await handle.close();
  }
};
