// After tsc: keeps what yargs says to --help, for src/cli/quick-help.ts.
import { writeFileSync } from "node:fs";
import { parseArgs } from "../dist/cli/args.js";
import { commands } from "../dist/cli/options.js";
import { quickHelpColumns, quickHelpFile } from "../dist/cli/quick-help.js";

const around = { version: "", env: {}, home: "/home/user", terminal: false, columns: quickHelpColumns };
const texts = {};
for (const command of ["", ...commands]) {
  const request = await parseArgs([...(command === "" ? [] : [command]), "--help"], around);
  if (!request.ok || request.value.command !== "help") throw new Error(`no help for ${command}`);
  texts[command] = request.value.text;
}
writeFileSync(quickHelpFile, JSON.stringify(texts));
