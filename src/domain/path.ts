import type { AbsPath } from "./ids.ts";
import { err, ok, type Result } from "./result.ts";

/**
 * An absolute path in its one spelling: `//` and `/./` collapsed, no trailing slash. The error is the reason, a phrase.
 * `..` is refused, not resolved: what it means depends on links that only the node can see.
 */
export const normalisePath = (text: string): Result<AbsPath, string> => {
  if (!text.startsWith("/")) return err(text === "" ? "it is empty" : "it is not absolute");
  if (/[\u0000-\u001f\u007f]/.test(text)) return err("it holds a control character");
  const names = text.split("/").filter((name) => name !== "" && name !== ".");
  return names.includes("..") ? err("it holds '..'") : ok(`/${names.join("/")}`);
};
