import { inForceOf } from "../desired.ts";
import { isConfNewer, isRestartOwed } from "../drift.ts";
import type { ConfFacts, Facts } from "../facts.ts";
import { refusal } from "../outcome.ts";
import { confRefusal } from "../refusals.ts";
import { changesOf, nothing, type Part, stale, type Touched } from "./touched.ts";

/** nova.conf: the file that the run saved goes back, where the one in place is still what the run wrote. */
export const confPart = (touched: Touched, facts: Facts): Part => {
  const [edit] = changesOf(touched, "conf.set");
  if (edit === undefined) return nothing;
  const { conf } = facts;
  if (!conf.seen) return conf.why === "absent" ? { ...nothing, refusals: confRefusal(facts) } : nothing;
  const { before, after } = edit.patch;
  if (conf.value.digest === before) return asItWas(facts, edit.path);
  if (conf.value.digest !== after)
    return stale(`${edit.path} is neither as the run left it nor as it was (${conf.value.digest.slice(0, 12)} now)`);
  return putBack(touched, edit, facts, conf.value);
};

type Edit = ReturnType<typeof changesOf<"conf.set">>[number];

/** Our own restart that is still owed is paid; that of another's hand is his. */
const asItWas = (facts: Facts, path: string): Part =>
  isConfNewer(facts) && !isRestartOwed(facts)
    ? {
        ...nothing,
        refusals: [
          refusal(
            "E_PENDING_FOREIGN_CHANGE",
            `somebody else put ${path} back, and nova-compute still runs with another`,
            "restart nova-compute yourself",
          ),
        ],
      }
    : nothing;

const putBack = ({ run, before }: Touched, edit: Edit, facts: Facts, now: ConfFacts): Part => {
  if (!before.conf.seen) throw new Error(`run ${run} edited a file it had not seen`);
  const { owner, group, mode } = before.conf.value;
  if (now.owner !== owner || now.group !== group || now.mode !== mode)
    return stale(`${edit.path} is ${now.owner}:${now.group} ${now.mode}, and was ${owner}:${group} ${mode}`);
  if (!hasBackup(facts, run))
    return stale(
      `the backup that run ${run} made of ${edit.path} is gone`,
      `put ${edit.path} back by hand: its SHA-256 was ${edit.patch.before}`,
    );
  const directory = inForceOf(before);
  return {
    ...nothing,
    changes: [
      {
        kind: "conf.restore",
        path: edit.path,
        run,
        from: edit.patch.after,
        to: edit.patch.before,
        owner,
        group,
        mode,
        ...(directory === undefined ? {} : { directory }),
      },
    ],
    left:
      directory !== undefined && isGone(facts, directory)
        ? [`${directory} is not there any more: nova makes it when it fetches an image, if it may`]
        : [],
    drift: [{ aspect: "conf", have: inForceOf(facts) ?? "unknown", want: directory ?? "as it was" }],
  };
};

const isGone = ({ directories }: Facts, path: string): boolean => {
  const field = directories[path];
  return field !== undefined && !field.seen && field.why === "absent";
};

/** Backups and their notes come and go together. */
const hasBackup = ({ notes }: Facts, run: string): boolean =>
  notes.seen && notes.value.some((note) => note.run === run);
