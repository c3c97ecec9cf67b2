import type { Change } from "../domain/change.ts";
import { unreachable } from "../domain/result.ts";
import { quote } from "./quote.ts";

/** The call of a step's function for one change. */
export const call = (change: Change): string => {
  const words = (name: string, ...args: readonly (string | number)[]): string =>
    [name, ...args.map((arg) => quote(String(arg)))].join(" ");
  switch (change.kind) {
    case "dataset.create":
      return words("dataset_create", change.dataset, change.mountpoint, change.quotaBytes);
    case "dataset.quota":
      return words("dataset_quota", change.dataset, change.from, change.to);
    case "dataset.set":
      if (change.to === "-") return words("dataset_inherit", change.dataset, change.property, change.from);
      return words("dataset_set", change.dataset, change.property, change.from, change.to);
    case "directory.own":
      return words("directory_own", change.path, change.owner, change.group, change.mode);
    case "cleaner.install":
      return "cleaner_install";
    case "cleaner.package":
      return words("cleaner_package", change.fmri, change.origin ?? "", change.method, change.manifest);
    case "cleaner.uninstall":
      return words("cleaner_uninstall", change.package);
    case "cleaner.configure":
      return words("cleaner_configure", ...Object.entries(change.properties).map(property));
    case "cleaner.enable":
      return "cleaner_enable";
    case "cleaner.disable":
      return "cleaner_disable";
    case "cleaner.remove":
      return "cleaner_remove";
    case "cache.migrate":
      return words(
        "cache_migrate",
        change.from,
        change.to,
        change.owner,
        change.dataset,
        change.headroomBytes,
        change.timeoutS,
      );
    case "conf.set": {
      const { offset, length, rangeDigest, after, replacement } = change.patch;
      return words("conf_set", offset, length, rangeDigest, after, octal(Buffer.from(replacement, "base64")));
    }
    case "conf.restore":
      return words("conf_restore", change.run, change.to, change.mode, change.owner, change.group);
    case "compute.restart":
      return words("compute_restart", change.because);
    case "legacy.remove":
      return words("legacy_remove", change.path, change.real, change.inode, change.dataset, change.owner, change.files);
    case "cache.evict":
      return words("cache_evict", change.directory, change.dataset, change.owner, change.flags.map(quote).join(" "));
    case "boot-environment.destroy":
      return words("be_destroy", change.name, change.uuid, change.created, change.keep, change.freed.leastBytes);
    default:
      return unreachable(change);
  }
};

/** SMF property types of the cleaner's policy. */
const property = ([name, value]: readonly [string, string]): string =>
  `${name}=${/^[0-9]+$/.test(value) ? "count" : "astring"}:${value}`;

/** Bytes as a printf format made of octal escapes alone: nothing in it means anything to a shell or to printf. */
const octal = (bytes: Buffer): string => Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
