/** nova.conf files as Solaris shipped them, read in place beside the repository; absent in a clone that stands alone. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Release } from "../../../src/lab/image-texts.ts";

/** The shipped file, one character a byte; undefined when the data is not there. */
export const sharedConf = (release: Release): string | undefined => {
  const path = fileURLToPath(new URL(`../../../../shared/data/nova.conf.${release}`, import.meta.url));
  return existsSync(path) ? readFileSync(path, "latin1") : undefined;
};
