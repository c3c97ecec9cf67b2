#!/usr/bin/env node
// The shim: a Node that is too old hears so in one line; production React before anything loads it; the compile cache.
import * as module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write(
    `novasweep: Node ${process.versions.node} is too old, 22.22 or later is needed\n  try: npx -p node@24 node ${process.argv[1]}\n`,
  );
  process.exit(2);
}
process.env.NODE_ENV = "production";
// Names are looked up on half of these threads: one for each login under way, and one for each that was given up and cannot be taken back.
process.env.UV_THREADPOOL_SIZE ??= "128";
// In the user's own cache: what lies in the shared temporary directory anybody may have put there.
const home = process.env.XDG_CACHE_HOME || (process.env.HOME && `${process.env.HOME}/.cache`);
if (home) module.enableCompileCache(`${home}/novasweep/compiled`);
await import("../dist/main.js");
