import type { Seconds } from "../ids.ts";

/** Which images of the directory in force shall go; without a word of the operator, what the cleaner itself would take. */
export type CacheChoice =
  | { readonly kind: "policy" }
  /** Until the cache takes no more than the quota that is to be, less the headroom. */
  | { readonly kind: "to-limit" }
  /** Not used, or not changed where no times of use are kept, for longer than this. */
  | { readonly kind: "older-than"; readonly seconds: Seconds }
  | { readonly kind: "image"; readonly images: readonly string[] }
  | { readonly kind: "all-unused" };

/** What a purge was asked to take out: one subject a run. */
export type PurgeAsked =
  /** Image caches no longer in force; of what is no image the named files too. */
  | { readonly subject: "legacy"; readonly includeForeign: readonly string[] }
  | { readonly subject: "cache"; readonly choice: CacheChoice }
  /** Old boot environments, until `keep` bootable ones are left. */
  | { readonly subject: "boot-environments"; readonly keep: number; readonly olderThanS: Seconds };

export type PurgeSubject = PurgeAsked["subject"];
