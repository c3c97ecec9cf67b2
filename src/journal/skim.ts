import type { Skimmed, SkimmedType } from "../domain/skimmed.ts";

/** An event that was only skimmed, and whose it is. */
export interface SkimmedLine {
  readonly run: string;
  readonly event: Skimmed;
}

/** More than any beginning of ours has. */
const beginningBytes = 512;

/** Reads the beginnings of lines; undefined: not of one of these types, or not written as ours are: it has to be read whole. */
export type Skim = (line: Buffer) => SkimmedLine | undefined;

/**
 * A reader of beginnings for events of `types`. Our lines have their keys in one order, and most names need no escapes. The
 * key that follows has to be seen: what is cut off there is not taken for absent.
 */
export const skimmer = (types: ReadonlySet<SkimmedType>): Skim => {
  if (types.size === 0) return () => undefined;
  const alternatives = [...types].join("|").replaceAll(".", "\\.");
  const beginning = new RegExp(
    `^\\{"v":1,"run":"([0-9a-z-]+)","seq":(\\d+),"at":"([0-9TZ:.-]+)","type":"(${alternatives})","host":"([ !#-[\\]-~]+)"(?:,"phase":"([a-z]+)"(?:,"script":"([0-9a-f]+)")?(?:\\}$|,"layer")|,"(?:facts|step)")`,
  );
  return (line) => {
    const found = beginning.exec(line.toString("latin1", 0, beginningBytes));
    if (found === null) return undefined;
    const [, run = "", seq, at = "", type, host = "", phase, script] = found;
    const event = { seq: Number(seq), at, type: type as SkimmedType, host };
    if (phase === undefined) return { run, event };
    const entered = { ...event, phase: phase as NonNullable<Skimmed["phase"]> };
    return { run, event: script === undefined ? entered : { ...entered, script } };
  };
};
