// The last step of the build. tsc leaves everything but TypeScript behind: the scripts for shells, the payload and the
// simulators go to dist/ as they are. Then the stamp, which demo.js compares with the sources: nothing writes it before.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";

for (const folder of ["remote/sh", "remote/payload", "lab/sim", "cli/completion"]) {
  cpSync(`src/${folder}`, `dist/${folder}`, { recursive: true, filter: (name) => !/\.tsx?$/.test(name) });
}
mkdirSync("node_modules/.cache", { recursive: true });
writeFileSync("node_modules/.cache/novasweep-built", "");
