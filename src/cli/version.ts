import { readFileSync } from "node:fs";

/** The version in package.json, the one place it stands. */
export const version = (): string => {
  const found: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
  return String(found);
};
