/** The scripts of a purge: the probe with its own look, and the transaction with its own steps. docs/remote-protocol.md, "The purge scripts". */
import type { Change } from "../domain/change.ts";
import type { PurgeAsked } from "../domain/purge/asked.ts";
import { choiceFlags, policyFlags } from "../domain/purge/cache.ts";
import type { Settings } from "../domain/settings.ts";
import { cleanerMethod } from "./payload/payload.ts";
import { probeScript, type ScriptIds, step, type TransactionInputs, transactionScript } from "./script.ts";

/** Looks, and leaves nothing behind; the cleaner only says what it would take. */
export const purgeLookScript = (ids: ScriptIds, settings: Settings, asked: PurgeAsked): string =>
  probeScript({ ...ids, wantUid: "0", settings, sendConf: false }, more(settings, asked));

/** Takes out what was planned, and looks again. */
export const purgeScript = (
  inputs: Omit<TransactionInputs, "wantUid" | "sendConf">,
  asked: PurgeAsked,
  changes: readonly Change[],
): string =>
  transactionScript(
    { ...inputs, wantUid: "0", sendConf: false },
    changes.map((change, at) => step(change, inputs.numbers[at])),
    more(inputs.settings, asked),
  );

const more = (settings: Settings, asked: PurgeAsked) => ({
  values: {
    PURGE: asked.subject,
    LEGACY: settings.legacyDirs === "auto" ? "auto" : settings.legacyDirs.join(" "),
    INCLUDE: asked.subject === "legacy" ? asked.includeForeign.join(" ") : "",
    FLAGS:
      asked.subject === "cache" ? [...policyFlags(settings), ...choiceFlags(settings, asked.choice)].join(" ") : "",
    CLEANER_TEXT: asked.subject === "cache" ? withoutPrelude(cleanerMethod()) : "",
  },
  files: asked.subject === "boot-environments" ? ["purge.sh", "boot-environments.sh"] : ["purge.sh"],
});

/** The cleaner's text without its table of tools: on a node it gets those of the script that starts it. */
const withoutPrelude = (text: string): string => {
  const cut = text.replace(/^# prelude\n[\s\S]*?^# end prelude\n/m, "");
  if (cut === text) throw new Error("the cleaner has no prelude");
  return cut.replaceAll(/^[ \t]*#.*\n/gm, "");
};
