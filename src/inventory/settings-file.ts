import { parse } from "ini";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../domain/result.ts";
import { type Claims, claim, noClaims } from "./claims.ts";
import { significantLines } from "./lines.ts";
import { show } from "./show.ts";

/**
 * Reads a novasweep.ini: `key = value` lines, no sections. The values come from the package `ini`; it drops lines and
 * keeps no line numbers, so what it would swallow in silence is looked for here. Errors: `E_SETTING`.
 */
export const parseSettingsFile = (bytes: Uint8Array, file: string): Result<Claims, readonly Complaint[]> => {
  const lines = significantLines(bytes, file, "E_SETTING");
  if (!lines.ok) return err([lines.error]);
  const complaints: Complaint[] = [];
  const claims = noClaims();
  const seen = new Map<string, string>();
  for (const { number, text } of lines.value) {
    const where = `${file}:${number}`;
    const name = text.slice(0, Math.max(text.indexOf("="), 0)).trim();
    const wrong = (what: string, advice: string) => complaints.push({ code: "E_SETTING", what, where, try: advice });
    if (text.startsWith("["))
      wrong("settings files have no sections", "take the line out; groups belong in an inventory");
    else if (name === "") wrong("the line is not key = value", "write key = value");
    else if (seen.has(name)) wrong(`${show(name)} stands here and at ${seen.get(name)}`, "keep one of the two lines");
    else {
      const done = claim(claims, name, valueText(text), where);
      if (!done.ok) complaints.push(done.error);
    }
    seen.set(name, where);
  }
  return isNonEmpty(complaints) ? err(complaints) : ok(claims);
};

/** One line at a time: `ini` would make an array of repeated keys and an object of a dotted section. It types `true`. */
const valueText = (line: string): string => {
  const [value]: readonly unknown[] = Object.values(parse(line));
  return typeof value === "string" || typeof value === "boolean" || value === null ? String(value) : "";
};
