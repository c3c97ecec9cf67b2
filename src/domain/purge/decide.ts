import type { Facts } from "../facts.ts";
import type { HostPlan } from "../plan.ts";
import { unsupported } from "../refusals.ts";
import { isNonEmpty } from "../result.ts";
import { bootEnvironmentFindings } from "./boot-environments.ts";
import { cacheFindings } from "./cache.ts";
import type { Findings, PurgeQuestion } from "./findings.ts";
import { legacyFindings } from "./legacy.ts";

/** One host's verdict: nothing to take out, these things in this order, or refused for these reasons. */
export const decidePurge = (facts: Facts, question: PurgeQuestion): HostPlan => {
  const { host, settings } = question;
  // Nothing of a purge needs a periodic service.
  const no = unsupported(facts, { ...settings, cleaner: "absent" });
  if (no !== undefined) return { verdict: "refuse", host, drift: [], refusals: [no] };
  const { refusals, changes, drift, notes } = findings(facts, question);
  if (isNonEmpty(refusals)) return { verdict: "refuse", host, drift, refusals };
  if (!isNonEmpty(changes)) return { verdict: "in-sync", host, notes };
  return { verdict: "change", host, basis: facts.at, drift, changes, notes };
};

const findings = (facts: Facts, { asked, ...question }: PurgeQuestion): Findings => {
  switch (asked.subject) {
    case "legacy":
      return legacyFindings(facts, { ...question, asked });
    case "cache":
      return cacheFindings(facts, { ...question, asked });
    case "boot-environments":
      return bootEnvironmentFindings(facts, { ...question, asked });
  }
};
