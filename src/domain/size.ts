import type { Bytes } from "./ids.ts";

/** Bytes in GiB with one decimal; less than a tenth of one in MiB or bytes, so that a little is never shown as none. */
export const size = (bytes: Bytes): string => {
  if (bytes === 0) return "0.0 GiB";
  if (bytes < 1024 ** 2) return `${bytes} B`;
  if (bytes < 1024 ** 3 / 10) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return bytes < 1024 ** 4 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${(bytes / 1024 ** 4).toFixed(1)} TiB`;
};
