// `npm run verify`: everything the tests need, then all the tests, on a Debian machine that has seen nothing yet.
import { spawnSync } from "node:child_process";
import { ensureDebianPackages } from "./debian-packages.js";
import { npm, root, say } from "./prepare.js";

const complete = ensureDebianPackages();
if (!complete && (process.env.CI === "true" || process.getuid?.() === 0)) {
  say("not every suite could run: stopping");
  process.exit(1);
}
if (!complete) say("going on without them: the suites that need them will say so and fail or be skipped");
say("npm ci");
npm(["ci", "--loglevel=error"]);
say("npm test");
const { status } = spawnSync("npm", ["test"], { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
