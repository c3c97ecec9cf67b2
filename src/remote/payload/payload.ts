/**
 * What is left on a node for years: the cleaner and its SMF manifest, as files beside this one.
 * May import domain; reads its own assets, sends nothing.
 */
import { readFileSync } from "node:fs";
import { jitterOf } from "../../domain/desired.ts";
import type { Settings } from "../../domain/settings.ts";

const read = new Map<string, string>();

/** A file beside this one, read once: a survey asks for it once a host. */
const asset = (name: string): string => {
  const before = read.get(name);
  if (before !== undefined) return before;
  const text = readFileSync(new URL(`./${name}`, import.meta.url), "utf8");
  read.set(name, text);
  return text;
};

/**
 * Seconds after which SMF ends a run. A run takes seconds; the published service had no limit, so that a run that hung
 * was never seen. Below the two hours after which the cleaner takes a lock for stale.
 */
const TIMEOUT_S = 1800;

/** The cleaner, `/lib/svc/method/nova-cache-cleanup`: the same text for every node. */
export const cleanerMethod = (): string => asset("nova-cache-cleanup");

/** The version a cleaner's text states of itself; it stands in every summary line. Throws when there is none: a bug of ours. */
export const cleanerVersion = (method: string): string => {
  const version = /^VERSION=([0-9]+(?:\.[0-9]+)*)$/m.exec(method)?.[1];
  if (version === undefined) throw new Error("the cleaner states no VERSION");
  return version;
};

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as an XML attribute in double quotes holds it. */
const escapeAttribute = (text: string): string => text.replaceAll(/[&<>"]/g, (found) => ENTITIES[found] ?? found);

/**
 * The SMF manifest of `svc:/site/nova-cache-cleanup:default` with the fleet's policy as defaults. Dataset and directory
 * are a node's own and are set on it (`config/…`); the manifest leaves them empty, and the cleaner refuses to run so.
 */
export const cleanerManifest = (settings: Settings): string => {
  const values: Readonly<Record<string, string>> = {
    PERIOD: String(settings.cleanerPeriodS),
    JITTER: String(jitterOf(settings.cleanerPeriodS)),
    TIMEOUT: String(TIMEOUT_S),
    USER: settings.cacheOwner,
    GROUP: settings.cacheGroup,
    HEADROOM: String(settings.cacheHeadroomBytes),
    TARGET_FREE: String(settings.cacheTargetFreeBytes),
    MIN_AGE: String(settings.cacheMinAgeS),
    ORDER: settings.cacheOrder,
  };
  return asset("nova-cache-cleanup.xml").replaceAll(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for ${name} in the manifest`);
    return escapeAttribute(value);
  });
};
