/** A plan in a file: digests, and of nova.conf the line that changes; made now, carried out later, or refused. */
import { randomBytes } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { changingOf, type Plan } from "../domain/plan.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { safeJson } from "../domain/safe-text.ts";

/** What says that a file is a plan of ours. */
const KIND = "novasweep plan";
/** The plan of 10,000 hosts at 6 KiB each; more is no plan. */
const MAX_BYTES = 64 * 1024 ** 2;

/** Writes the plan beside and renames it into place, 0600: a reader sees all of it or the one before. Why it could not, if so. */
export const writePlanFile = async (path: string, plan: Plan, version: string): Promise<string | undefined> => {
  const draft = `${path}.${randomBytes(4).toString("hex")}`;
  const text = `${safeJson({ v: 1, kind: KIND, novasweep: version, command: "rollout", plan }, 2)}\n`;
  try {
    await writeFile(draft, text, { flag: "wx", mode: 0o600 });
    await rename(draft, path);
    return undefined;
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    return `the plan could not be written: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
};

/** Reads a plan. Whatever the file says, what it has is a plan by the schema of the events, or a complaint. */
export const readPlanFile = async (path: string): Promise<Result<Plan>> => {
  const bad = (what: string): Result<never> => err(complaint(path, what));
  let text: string;
  try {
    if ((await stat(path)).size > MAX_BYTES) return bad(`it is longer than ${MAX_BYTES / 1024 ** 2} MiB`);
    text = await readFile(path, "utf8");
  } catch (cause) {
    return bad(cause instanceof Error ? cause.message : String(cause));
  }
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return bad("it is not JSON");
  }
  if (typeof file !== "object" || file === null || !("kind" in file) || file.kind !== KIND)
    return bad("it is no plan of novasweep's");
  if (!("v" in file) || file.v !== 1 || !("plan" in file)) return bad("it is a plan of another version");
  const { planObjection } = await import("../journal/plan-schema.ts");
  const objection = planObjection(file.plan);
  if (objection !== undefined) return bad(`its plan makes no sense: ${objection}`);
  const plan = file.plan as Plan;
  return isWhole(plan) ? ok(plan) : bad("its plan makes no sense: its waves are not the hosts it changes, once each");
};

const isWhole = (plan: Plan): boolean => {
  const waved = plan.waves.flat();
  const changing = changingOf(plan);
  const names = new Set(plan.hosts.map(({ host }) => host));
  return (
    names.size === plan.hosts.length &&
    new Set(waved).size === waved.length &&
    waved.length === changing.size &&
    waved.every((host) => changing.has(host))
  );
};

const complaint = (path: string, what: string): Complaint => ({
  code: "E_USAGE",
  what: `the plan cannot be carried out: ${what}`,
  where: path,
  try: "novasweep rollout PATTERN... --check --plan-out FILE makes one",
});
