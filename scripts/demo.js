// `npm run demo`: the embedded fleet and a rollout on it, in a clone that has seen nothing yet.
import { ensureBuilt, ensureInstalled, runProgram } from "./prepare.js";

ensureInstalled();
ensureBuilt();
runProgram(["demo", ...process.argv.slice(2)]);
