// A vitest reporter: with CI=true a test that was skipped fails the run, but for the suite that reads shared data.
import { basename } from "node:path";

/** The one suite that may be skipped: it reads sample files that are not part of the repository. */
const exempt = "shared-data";

const isExempt = (test) => {
  if (basename(test.module.moduleId).split(".")[0] === exempt) return true;
  for (let at = test; at !== undefined && at.type !== "module"; at = at.parent) if (at.name === exempt) return true;
  return false;
};

/** The tests of these modules that did not run, by module and name. A module without any test counts as one. */
export const skippedTests = (modules) =>
  modules.flatMap((module) => {
    const tests = [...module.children.allTests()];
    const silent = tests.filter((test) => test.result().state === "skipped" && !isExempt(test));
    const name = module.relativeModuleId;
    return tests.length === 0 ? [`${name}: no test ran`] : silent.map((test) => `${name}: ${test.fullName}`);
  });

export default class CheckSkips {
  onTestRunEnd(modules) {
    const skipped = skippedTests(modules);
    if (skipped.length === 0) return;
    const fatal = process.env.CI === "true";
    console.error(`\n${skipped.length} skipped${fatal ? ", which CI=true does not allow" : ""}:`);
    for (const each of skipped) console.error(`  ${each}`);
    if (fatal) process.exitCode = 1;
  }
}
