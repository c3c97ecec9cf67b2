/** npm run bench:journal: the rows of the journal alone. It needs no root and takes some minutes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { journalFigures } from "./bench/journal-rows.ts";
import { figureTable } from "./bench/page.ts";

const ROUNDS = 5;
const HOSTS = 200;

const dir = mkdtempSync(join(tmpdir(), "nsb-"));
try {
  console.log(`\n${figureTable(await journalFigures(dir, HOSTS, ROUNDS))}`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
