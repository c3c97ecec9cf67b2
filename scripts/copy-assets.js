// tsc leaves everything but TypeScript behind: the shell scripts, the payload and the simulators go to dist/ as they are.
import { cpSync } from "node:fs";

for (const folder of ["remote/sh", "remote/payload", "lab/sim"]) {
  cpSync(`src/${folder}`, `dist/${folder}`, { recursive: true, filter: (name) => !/\.tsx?$/.test(name) });
}
