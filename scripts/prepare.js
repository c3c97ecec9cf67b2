// What demo.js and verify.js share. Plain JavaScript for the machine's own Node: node_modules may not be there yet.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The top of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const at = (...names) => join(root, ...names);

/** Says what happens, on stderr: stdout belongs to the program. */
export const say = (text) => process.stderr.write(`novasweep: ${text}\n`);

/** npm puts node_modules/.bin first on the PATH, and `npm ci` removes that Node under its own feet: npm runs on the machine's. */
const machinePath = () =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join("node_modules", ".bin")))
    .join(delimiter);

/** Runs npm in the repository, its output on stderr; ends this process with npm's status when it fails. */
export const npm = (words, env = {}) => {
  const { status, error } = spawnSync("npm", words, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env, PATH: machinePath() },
  });
  if (status === 0) return;
  say(`npm ${words.join(" ")} failed${error === undefined ? "" : `: ${error.message}`}`);
  process.exit(status ?? 1);
};

const mtimeMs = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Newest change below a folder; folders count too, so that a deletion is one. */
const newestMs = (folder) =>
  readdirSync(folder, { recursive: true }).reduce(
    (newest, name) => Math.max(newest, mtimeMs(join(folder, name))),
    mtimeMs(folder),
  );

/** `npm ci`, when the packages are missing or older than the lock file. npm writes .package-lock.json last. */
export const ensureInstalled = () => {
  if (mtimeMs(at("node_modules", ".package-lock.json")) >= mtimeMs(at("package-lock.json"))) return;
  say("installing the npm packages (npm ci); the first time takes a while");
  npm(["ci", "--loglevel=error"]);
};

/** `npm run build`, when what was built is missing or older than its sources. The build writes its stamp last. */
export const ensureBuilt = () => {
  const built = existsSync(at("dist")) ? mtimeMs(at("node_modules", ".cache", "novasweep-built")) : 0;
  const sources = Math.max(newestMs(at("src")), mtimeMs(at("package.json")), mtimeMs(at("tsconfig.json")));
  if (built > sources) return;
  say("building (npm run build)");
  npm(["run", "--silent", "build"]);
};

/** Runs the built program on the project's own Node, signals included, and ends as it ends. */
export const runProgram = (words) => {
  const child = spawn(at("node_modules", ".bin", "node"), [at("bin", "novasweep.js"), ...words], { stdio: "inherit" });
  // Ctrl-C reaches the program from the terminal itself; the others are handed on. Either way it ends first.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    say(`cannot start the program: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (status, signal) => {
    process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0);
  });
};
