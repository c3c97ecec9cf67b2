import { createHash } from "node:crypto";
import type { Payload } from "../domain/desired.ts";
import type { Digest } from "../domain/ids.ts";
import { defaultSettings, type Settings } from "../domain/settings.ts";
import { cleanerManifest, cleanerMethod, cleanerVersion } from "../remote/payload/payload.ts";

/** The cleaner's files for one host's settings, and their digests. */
export interface CleanerFiles {
  readonly payload: Payload;
  readonly method: string;
  readonly manifest: string;
}

/** Lower-case hex SHA-256. */
export const sha256 = (bytes: string | Uint8Array): Digest => createHash("sha256").update(bytes).digest("hex");

/** Makes the cleaner's files, once for each distinct manifest: a fleet usually has one. */
export const createCleanerFiles = (): ((settings: Settings) => CleanerFiles) => {
  const made = new Map<string, CleanerFiles>();
  const method = cleanerMethod();
  const methodDigest = sha256(method);
  const version = cleanerVersion(method);
  return (settings) => {
    // A package has one manifest for all nodes.
    const manifest = cleanerManifest(settings.cleanerDelivery === "ips" ? defaultSettings : settings);
    const known = made.get(manifest);
    if (known !== undefined) return known;
    const files = { payload: { method: methodDigest, manifest: sha256(manifest), version }, method, manifest };
    made.set(manifest, files);
    return files;
  };
};
