// Writes docs/reference/faults.md from the report of a long run: node scripts/faults-page.ts REPORT.json
import { readFileSync, writeFileSync } from "node:fs";
import { faultsPage } from "../test/support/fault-page/page.ts";
import { sections } from "../test/support/fault-page/rows.ts";

const [report = ""] = process.argv.slice(2);
writeFileSync(
  new URL("../docs/reference/faults.md", import.meta.url),
  faultsPage(sections, JSON.parse(readFileSync(report, "utf8"))),
);
