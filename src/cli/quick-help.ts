/**
 * The help texts as yargs wrote them at build time: asking for help is the commonest start, and loading yargs takes
 * longer than all the rest of it.
 */
import { readFileSync } from "node:fs";

/** Columns the kept texts are wrapped at; a narrower terminal gets its own from yargs. */
export const quickHelpColumns = 100;

/** Where the build puts the texts: an object from command name (empty: the program) to text. */
export const quickHelpFile = new URL("../help.json", import.meta.url);

/** The text that answers `--help` or `COMMAND --help`; undefined when these words ask for anything else, or nothing was kept. */
export const quickHelp = (argv: readonly string[], columns: number): string | undefined => {
  const command = argv.length === 2 ? argv[0] : "";
  const asked = argv.length <= 2 && ["--help", "-h"].includes(argv.at(-1) ?? "");
  if (!asked || columns < quickHelpColumns || command === undefined) return undefined;
  const texts = kept();
  return Object.hasOwn(texts, command) ? texts[command] : undefined;
};

const kept = (): Readonly<Record<string, string>> => {
  try {
    return JSON.parse(readFileSync(quickHelpFile, "utf8"));
  } catch {
    // Not built: yargs answers.
    return {};
  }
};
