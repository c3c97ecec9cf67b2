import { runInNewContext } from "node:vm";
import { err, ok, type Result } from "../domain/result.ts";
import { visibleSafe } from "../domain/safe-text.ts";

/** For one expression and all names. An innocent one takes a few ms; one that goes back and back again takes for ever. */
const MAX_MS = 1_000;

/**
 * The names that a regular expression fits from their beginning on, as Python's `re.match` does for Ansible. The syntax is
 * JavaScript's; `(?i)` in front ignores case. It runs where it can be stopped. The error is a phrase.
 */
export const namesFitting = (source: string, names: readonly string[]): Result<readonly string[], string> => {
  // Python's own, which JavaScript takes for the letters.
  const foreign = /(?<!\\)(?:\\\\)*\\[AZ]/.exec(source);
  if (foreign) return err(`the regular expression holds ${foreign[0].slice(-2)}; write ^ or $`);
  const expression = compile(source);
  if (!expression.ok) return expression;
  try {
    const fits: readonly string[] = runInNewContext(
      "names.filter((name) => { expression.lastIndex = 0; return expression.test(name); })",
      { names, expression: expression.value },
      { timeout: MAX_MS },
    );
    return ok(fits);
  } catch (error) {
    if (typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
      return err(`the regular expression takes more than ${MAX_MS / 1000} s: it tries too many ways to fit one name`);
    throw error;
  }
};

const compile = (source: string): Result<RegExp, string> => {
  if (source === "") return err("the regular expression is empty");
  const ignoresCase = source.startsWith("(?i)");
  try {
    // Sticky: fits at lastIndex or not at all.
    return ok(new RegExp(ignoresCase ? source.slice(4) : source, ignoresCase ? "iy" : "y"));
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    return err(`the regular expression cannot be read: ${visibleSafe(message.split(": ").at(-1) ?? "", 100)}`);
  }
};
